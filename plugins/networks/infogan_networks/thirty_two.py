"""Generator and trunk for 32x32 photos: the same for SVHN and CelebA (appendices C.2 and C.3)."""

from typing import Literal

from torch import nn

from gan_run import Generator, ImageShape, LatentSpace, TrunkModule, init_normal
from gan_run.plugins.networks.infogan_networks.layers import (
    PaperNetwork,
    PaperTrunk,
    down_block,
    fc_block,
    to_image,
    up_block,
)


class InfoGAN32Generator(PaperNetwork, Generator):
    """FC 2*2*448 and a 4x4 transposed convolution to 256 channels, both with batch norm; transposed convolutions to
    128, 64 and the image without; ReLU between; tanh."""

    size = 32
    type: Literal["infogan-32"] = "infogan-32"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        base, deep, middle, shallow = self.channels(448, 256, 128, 64)
        network = nn.Sequential(
            fc_block(latents.width, 2 * 2 * base, nn.ReLU()),
            nn.Unflatten(1, (base, 2, 2)),
            up_block(base, deep),
            up_block(deep, middle, "none"),
            up_block(middle, shallow, "none"),
            to_image(shallow, image.channels),
            nn.Tanh(),
        )
        init_normal(network)
        return network


class InfoGAN32Trunk(PaperTrunk):
    """4x4 convolutions of stride 2 to 64, 128 and 256 channels; batch norm on all but the first; leaky ReLU."""

    size = 32
    type: Literal["infogan-32"] = "infogan-32"

    def build(self, image: ImageShape) -> TrunkModule:
        shallow, middle, deep = self.channels(64, 128, 256)
        convolutions = [
            down_block(image.channels, shallow, self.slope, "none"),
            down_block(shallow, middle, self.slope, self.norm),
            down_block(middle, deep, self.slope, self.norm),
        ]
        return self.stack(convolutions, (shallow, middle, deep), nn.Flatten(), 4 * 4 * deep)
