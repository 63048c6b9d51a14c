"""Generator and trunk for the 3D chairs, 64x64 (appendix C.5)."""

from typing import Literal

from torch import nn

from gan_run import Generator, ImageShape, LatentSpace, TrunkModule, init_normal
from gan_run.plugins.networks.infogan_networks.layers import (
    PaperNetwork,
    PaperTrunk,
    SigmoidImage,
    down_block,
    fc_block,
    same_block,
    same_up_block,
    to_image,
    up_block,
)


class InfoGANChairsGenerator(PaperNetwork, Generator):
    """FC 1024, FC 8*8*256, 4x4 transposed convolutions: 256 channels twice at stride 1, then 128, 64 and the image at
    stride 2; batch norm and ReLU between; sigmoid."""

    size = 64
    type: Literal["infogan-chairs"] = "infogan-chairs"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        wide, deep, middle, shallow = self.channels(1024, 256, 128, 64)
        network = nn.Sequential(
            fc_block(latents.width, wide, nn.ReLU()),
            fc_block(wide, 8 * 8 * deep, nn.ReLU()),
            nn.Unflatten(1, (deep, 8, 8)),
            same_up_block(deep, deep),
            same_up_block(deep, deep),
            up_block(deep, middle),
            up_block(middle, shallow),
            to_image(shallow, image.channels),
            SigmoidImage(),
        )
        init_normal(network)
        return network


class InfoGANChairsTrunk(PaperTrunk):
    """4x4 convolutions to 64, 128 and 256 channels at stride 2, to 256 twice at stride 1, FC 1024; batch norm on all
    but the first; leaky ReLU. D and Q share all but their last layer (`hidden: null` in `mutual-information`)."""

    size = 64
    type: Literal["infogan-chairs"] = "infogan-chairs"

    def build(self, image: ImageShape) -> TrunkModule:
        shallow, middle, deep, wide = self.channels(64, 128, 256, 1024)
        convolutions = [
            down_block(image.channels, shallow, self.slope, "none"),
            down_block(shallow, middle, self.slope, self.norm),
            down_block(middle, deep, self.slope, self.norm),
            same_block(deep, deep, self.slope, self.norm),
            same_block(deep, deep, self.slope, self.norm),
        ]
        last = nn.Sequential(nn.Flatten(), fc_block(8 * 8 * deep, wide, nn.LeakyReLU(self.slope), self.norm))
        return self.stack(convolutions, (shallow, middle, deep, deep, deep), last, wide)
