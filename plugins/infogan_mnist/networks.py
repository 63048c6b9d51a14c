"""Generator and trunk for 28x28, exactly as in the paper's table."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    BatchNorm1d,
    DataInfo,
    Features,
    Generator,
    ImageShape,
    LatentSpace,
    Problem,
    Spec,
    Trunk,
    TrunkModule,
    init_normal,
    scaled,
)


def _refuse_other_sizes(data: DataInfo) -> Iterable[Problem]:
    if (data.image.height, data.image.width) != (28, 28):
        yield Problem(("type",), f"this network is for 28x28 images, and the data has {data.image}: dcgan takes others")


class InfoGANMnistGenerator(Generator):
    """FC 1024, FC 7*7*128, 4x4 up-convolutions to 64 and to the image; batch norm and ReLU between; sigmoid."""

    type: Literal["infogan-mnist"] = "infogan-mnist"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels.")

    def check_data(self, spec: Spec, data: DataInfo) -> Iterable[Problem]:
        return _refuse_other_sizes(data)

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        wide, deep, shallow = (scaled(channels, self.width) for channels in (1024, 128, 64))
        network = nn.Sequential(
            nn.Linear(latents.width, wide),
            BatchNorm1d(wide),
            nn.ReLU(),
            nn.Linear(wide, 7 * 7 * deep),
            BatchNorm1d(7 * 7 * deep),
            nn.ReLU(),
            nn.Unflatten(1, (deep, 7, 7)),
            nn.ConvTranspose2d(deep, shallow, 4, stride=2, padding=1),
            nn.BatchNorm2d(shallow),
            nn.ReLU(),
            nn.ConvTranspose2d(shallow, image.channels, 4, stride=2, padding=1),
            nn.Sigmoid(),
            _Rescale(),
        )
        init_normal(network)
        return network


class InfoGANMnistTrunk(Trunk):
    """4x4 convolutions to 64 and 128 with stride 2, FC 1024; batch norm but on the first; leaky ReLU."""

    type: Literal["infogan-mnist"] = "infogan-mnist"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels.")
    slope: float = Field(default=0.1, ge=0, description="Of the leaky ReLU: 0.1 in the paper, 0.01 in its code.")

    def check_data(self, spec: Spec, data: DataInfo) -> Iterable[Problem]:
        return _refuse_other_sizes(data)

    def build(self, image: ImageShape) -> TrunkModule:
        return InfoGANMnistTrunkModule(self, image)


class InfoGANMnistTrunkModule(TrunkModule):
    """Features are what D and Q share; maps are those of the two convolutions."""

    def __init__(self, declared: InfoGANMnistTrunk, image: ImageShape) -> None:
        super().__init__()
        shallow, deep, self.features = (scaled(channels, declared.width) for channels in (64, 128, 1024))
        self.first = nn.Sequential(
            nn.Conv2d(image.channels, shallow, 4, stride=2, padding=1),
            nn.LeakyReLU(declared.slope),
        )
        self.second = nn.Sequential(
            nn.Conv2d(shallow, deep, 4, stride=2, padding=1),
            nn.BatchNorm2d(deep),
            nn.LeakyReLU(declared.slope),
        )
        self.last = nn.Sequential(
            nn.Flatten(),
            nn.Linear(deep * 7 * 7, self.features),
            BatchNorm1d(self.features),
            nn.LeakyReLU(declared.slope),
        )
        init_normal(self)

    def forward(self, images: Tensor) -> Features:
        first = self.first(images)
        second = self.second(first)
        return Features(self.last(second), (first, second))


class _Rescale(nn.Module):
    """[0, 1], as the paper's sigmoid has it, to [-1, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return images * 2 - 1
