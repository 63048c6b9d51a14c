"""DCGAN's generator and trunk: strided convolutions between a small base and the image."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

from pydantic import Field
from torch import nn

from gan_run import (
    DataInfo,
    Generator,
    ImageShape,
    LatentSpace,
    Norm,
    Problem,
    SpecView,
    StackedTrunk,
    Trunk,
    TrunkModule,
    check_resolution,
    init_normal,
    norm_2d,
    scaled,
    upsampling_plan_of,
)


def _channels(widest: int, doublings: int) -> list[int]:
    """The channels of each level from the image to the base: they double, up to eight times the first."""
    return [widest * min(2**level, 8) for level in range(doublings)]


class DCGANGenerator(Generator):
    """DCGAN's generator (Radford et al. 2015, arXiv 1511.06434): a linear layer to the base, then 4x4 transposed
    convolutions of stride 2; batch norm and ReLU between; tanh."""

    type: Literal["dcgan"] = "dcgan"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels, which is 64 at the image.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution(self.type, data.image)

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        base, doublings = upsampling_plan_of(image)
        channels = _channels(scaled(64, self.width), doublings)[::-1]
        layers: list[nn.Module] = [
            nn.Linear(latents.width, channels[0] * base * base),
            nn.Unflatten(1, (channels[0], base, base)),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(),
        ]
        for wide, narrow in pairwise(channels):
            layers += [nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1), nn.BatchNorm2d(narrow), nn.ReLU()]
        layers += [nn.ConvTranspose2d(channels[-1], image.channels, 4, stride=2, padding=1), nn.Tanh()]
        network = nn.Sequential(*layers)
        init_normal(network)
        return network


class DCGANTrunk(Trunk):
    """DCGAN's discriminator without its last layer (Radford et al. 2015, arXiv 1511.06434): 4x4 convolutions of stride
    2 down to the base; `norm` on all but the first; leaky ReLU. One feature map per level; the last, flattened, is the
    feature vector."""

    type: Literal["dcgan"] = "dcgan"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels, which is 64 at the image.")
    slope: float = Field(default=0.2, ge=0, description="Negative slope of the leaky ReLU.")
    norm: Norm = Field(default="batch", description="Normalisation of all convolutions but the first.")

    def has_feature_maps(self) -> bool:
        return True

    def uses_batch_statistics(self) -> bool:
        return self.norm == "batch"

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution(self.type, data.image)

    def build(self, image: ImageShape) -> TrunkModule:
        base, doublings = upsampling_plan_of(image)
        channels = [image.channels, *_channels(scaled(64, self.width), doublings)]
        stages = []
        for level, (shallow, deep) in enumerate(pairwise(channels)):
            layers: list[nn.Module] = [nn.Conv2d(shallow, deep, 4, stride=2, padding=1)]
            if level:
                layers += norm_2d(self.norm, deep)
            stages.append(nn.Sequential(*layers, nn.LeakyReLU(self.slope)))
        trunk = StackedTrunk(stages, channels[1:], nn.Flatten(), channels[-1] * base * base)
        init_normal(trunk)
        return trunk
