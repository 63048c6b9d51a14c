"""Generator and trunk for the 3D chairs, 64x64 (appendix C.5)."""

from typing import Literal

from torch import nn

from gan_run import Generator, ImageShape, LatentSpace, TrunkModule, init_normal
from gan_run.plugins.networks.infogan_networks.layers import (
    PaperNetwork,
    PaperTrunk,
    SigmoidImage,
    connect,
    double,
    halve,
    keep,
    keep_up,
    to_image,
)


class InfoGANChairsGenerator(PaperNetwork, Generator):
    """FC 1024, FC 8*8*256, 4x4 up-convolutions to 256 twice at the same size, to 128, 64 and the image at double; batch
    norm and ReLU between; sigmoid."""

    size = 64
    type: Literal["infogan-chairs"] = "infogan-chairs"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        wide, deep, middle, shallow = self.channels(1024, 256, 128, 64)
        network = nn.Sequential(
            connect(latents.width, wide, nn.ReLU()),
            connect(wide, 8 * 8 * deep, nn.ReLU()),
            nn.Unflatten(1, (deep, 8, 8)),
            keep_up(deep, deep),
            keep_up(deep, deep),
            double(deep, middle),
            double(middle, shallow),
            to_image(shallow, image.channels),
            SigmoidImage(),
        )
        init_normal(network)
        return network


class InfoGANChairsTrunk(PaperTrunk):
    """4x4 convolutions to 64, 128 and 256 with stride 2, to 256 twice at the same size, FC 1024; batch norm but on the
    first; leaky ReLU. D and Q share all but their last layer (`hidden: null` in the information term)."""

    size = 64
    type: Literal["infogan-chairs"] = "infogan-chairs"

    def build(self, image: ImageShape) -> TrunkModule:
        shallow, middle, deep, wide = self.channels(64, 128, 256, 1024)
        convolutions = [
            halve(image.channels, shallow, self.slope, "none"),
            halve(shallow, middle, self.slope, self.norm),
            halve(middle, deep, self.slope, self.norm),
            keep(deep, deep, self.slope, self.norm),
            keep(deep, deep, self.slope, self.norm),
        ]
        last = nn.Sequential(nn.Flatten(), connect(8 * 8 * deep, wide, nn.LeakyReLU(self.slope), self.norm))
        return self.stack(convolutions, (shallow, middle, deep, deep, deep), last, wide)
