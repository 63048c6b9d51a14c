"""Generator and trunk for MNIST, 28x28 (appendix C.1)."""

from typing import Literal

from pydantic import Field
from torch import nn

from gan_run import Generator, ImageShape, LatentSpace, Trunk, TrunkModule, init_normal
from gan_run.plugins.infogan_networks.layers import (
    PaperNetwork,
    SigmoidImage,
    StackedTrunk,
    connect,
    double,
    halve,
    to_image,
)


class InfoGANMnistGenerator(PaperNetwork, Generator):
    """FC 1024, FC 7*7*128, 4x4 up-convolutions to 64 and to the image; batch norm and ReLU between; sigmoid."""

    size = 28
    type: Literal["infogan-mnist"] = "infogan-mnist"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        wide, deep, shallow = self.channels(1024, 128, 64)
        network = nn.Sequential(
            connect(latents.width, wide, nn.ReLU()),
            connect(wide, 7 * 7 * deep, nn.ReLU()),
            nn.Unflatten(1, (deep, 7, 7)),
            double(deep, shallow),
            to_image(shallow, image.channels),
            SigmoidImage(),
        )
        init_normal(network)
        return network


class InfoGANMnistTrunk(PaperNetwork, Trunk):
    """4x4 convolutions to 64 and 128 with stride 2, FC 1024; batch norm but on the first; leaky ReLU."""

    size = 28
    type: Literal["infogan-mnist"] = "infogan-mnist"
    slope: float = Field(default=0.1, ge=0, description="Of the leaky ReLU: 0.1 in the paper, 0.01 in its code.")

    def build(self, image: ImageShape) -> TrunkModule:
        shallow, deep, wide = self.channels(64, 128, 1024)
        convolutions = [
            halve(image.channels, shallow, self.slope, norm=False),
            halve(shallow, deep, self.slope),
        ]
        last = nn.Sequential(nn.Flatten(), connect(7 * 7 * deep, wide, nn.LeakyReLU(self.slope)))
        return StackedTrunk(convolutions, last, wide)
