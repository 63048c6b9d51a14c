"""The base of the networks for MNIST and the faces: two convolutions and a layer of 1024 features."""

from abc import ABC

from torch import nn

from gan_run import Generator, ImageShape, LatentSpace, TrunkModule, init_normal
from gan_run.plugins.networks.infogan_networks.layers import (
    PaperNetwork,
    PaperTrunk,
    SigmoidImage,
    down_block,
    fc_block,
    to_image,
    up_block,
)


class TwoConvolutionGenerator(PaperNetwork, Generator, ABC):
    """FC 1024, FC to 128 channels at a quarter of the size, 4x4 transposed convolutions to 64 channels and to the
    image; batch norm and ReLU between; sigmoid."""

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        wide, deep, shallow = self.channels(1024, 128, 64)
        side = self.size // 4
        network = nn.Sequential(
            fc_block(latents.width, wide, nn.ReLU()),
            fc_block(wide, side * side * deep, nn.ReLU()),
            nn.Unflatten(1, (deep, side, side)),
            up_block(deep, shallow),
            to_image(shallow, image.channels),
            SigmoidImage(),
        )
        init_normal(network)
        return network


class TwoConvolutionTrunk(PaperTrunk, ABC):
    """4x4 convolutions of stride 2 to 64 and 128 channels, FC 1024; batch norm on all but the first; leaky ReLU."""

    def build(self, image: ImageShape) -> TrunkModule:
        shallow, deep, wide = self.channels(64, 128, 1024)
        side = self.size // 4
        convolutions = [
            down_block(image.channels, shallow, self.slope, "none"),
            down_block(shallow, deep, self.slope, self.norm),
        ]
        last = nn.Sequential(nn.Flatten(), fc_block(side * side * deep, wide, nn.LeakyReLU(self.slope), self.norm))
        return self.stack(convolutions, (shallow, deep), last, wide)
