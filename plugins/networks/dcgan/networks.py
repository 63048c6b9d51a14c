"""DCGAN's generator and trunk."""

import math
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
    """Channels from the image to the smallest map: doubled at each level, at most eight times the first."""
    return [widest * min(2**level, 8) for level in range(doublings)]


class DCGANGenerator(Generator):
    """A linear layer to a small map, 4x4 transposed convolutions with batch norm and ReLU between, tanh.

    Images have any size from 5x5 pixels: one that doublings do not reach is the centre of the next size up.
    """

    type: Literal["dcgan"] = "dcgan"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels, 64 at the image.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution(self.type, data.image)

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        plan = upsampling_plan_of(image)
        channels = _channels(scaled(64, self.width), plan.times)[::-1]
        layers: list[nn.Module] = [
            nn.Linear(latents.width, channels[0] * math.prod(plan.base)),
            nn.Unflatten(1, (channels[0], *plan.base)),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(),
        ]
        for wide, narrow in pairwise(channels):
            layers += [nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1), nn.BatchNorm2d(narrow), nn.ReLU()]
        layers += [
            nn.ConvTranspose2d(channels[-1], image.channels, 4, stride=2, padding=1),
            nn.Tanh(),
            *plan.crop(image),
        ]
        network = nn.Sequential(*layers)
        init_normal(network)
        return network


class DCGANTrunk(Trunk):
    """4x4 convolutions with stride 2 to a small map, with leaky ReLU and, but for the first, `norm`.

    Each convolution gives a feature map; the features are the last one, flattened. Zeros are added around images whose
    size doublings do not reach.
    """

    type: Literal["dcgan"] = "dcgan"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels, 64 at the image.")
    slope: float = Field(default=0.2, ge=0, description="Negative slope of the leaky ReLU.")
    norm: Norm = Field(default="batch", description="Normalisation of all convolutions but the first.")

    def has_feature_maps(self) -> bool:
        return True

    def uses_batch_statistics(self) -> bool:
        return self.norm == "batch"

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution(self.type, data.image)

    def build(self, image: ImageShape) -> TrunkModule:
        plan = upsampling_plan_of(image)
        channels = [image.channels, *_channels(scaled(64, self.width), plan.times)]
        stages = []
        for level, (shallow, deep) in enumerate(pairwise(channels)):
            convolution, activation = nn.Conv2d(shallow, deep, 4, stride=2, padding=1), nn.LeakyReLU(self.slope)
            if level == 0:
                stages.append(nn.Sequential(*plan.pad(image), convolution, activation))
            else:
                stages.append(nn.Sequential(convolution, *norm_2d(self.norm, deep), activation))
        trunk = StackedTrunk(stages, channels[1:], nn.Flatten(), channels[-1] * math.prod(plan.base))
        init_normal(trunk)
        return trunk
