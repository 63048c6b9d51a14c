"""Generator and trunk for the 3D faces, 32x32 (appendix C.4).

Unlike the others, this table could not be read again: it is from memory.
"""

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


class InfoGANFacesGenerator(PaperNetwork, Generator):
    """FC 1024, FC 8*8*128, 4x4 up-convolutions to 64 and to the image; batch norm and ReLU between; sigmoid. The
    paper's table is given from memory."""

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        wide, deep, shallow = self.channels(1024, 128, 64)
        network = nn.Sequential(
            connect(latents.width, wide, nn.ReLU()),
            connect(wide, 8 * 8 * deep, nn.ReLU()),
            nn.Unflatten(1, (deep, 8, 8)),
            double(deep, shallow),
            to_image(shallow, image.channels),
            SigmoidImage(),
        )
        init_normal(network)
        return network


class InfoGANFacesTrunk(PaperNetwork, Trunk):
    """4x4 convolutions to 64 and 128 with stride 2, FC 1024; batch norm but on the first; leaky ReLU. D and Q share all
    but their last layer (`hidden: null` in the information term). The paper's table is given from memory."""

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"
    slope: float = Field(default=0.1, ge=0, description="Of the leaky ReLU: 0.1 in the paper, 0.01 in its code.")

    def build(self, image: ImageShape) -> TrunkModule:
        shallow, deep, wide = self.channels(64, 128, 1024)
        convolutions = [
            halve(image.channels, shallow, self.slope, norm=False),
            halve(shallow, deep, self.slope),
        ]
        last = nn.Sequential(nn.Flatten(), connect(8 * 8 * deep, wide, nn.LeakyReLU(self.slope)))
        return StackedTrunk(convolutions, last, wide)
