"""R3GAN's generator and trunk."""

import math
from abc import ABC
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    DataInfo,
    Declaration,
    Discriminator,
    Generator,
    ImageShape,
    LatentSpace,
    Problem,
    SpecView,
    StackedTrunk,
    Trunk,
    TrunkModule,
    check_resolution,
    upsampling_plan_of,
)
from gan_run.plugins.networks.r3gan.layers import GROUP, Downsample, ResidualBlock, Upsample, init_weights


class R3GANNetwork(Declaration, ABC):
    """The fields of both networks. Channels at each size: 96 at 256x256, doubled at half the size, 768 from 32x32 down
    (as in the paper), times `width`. The size of a rectangle is that of the square with as many pixels."""

    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels.")
    blocks: int = Field(default=2, ge=1, le=100, description="Residual blocks at each size.")
    expansion: int = Field(default=2, ge=1, le=1000, description="Factor on the channels inside a block.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution("r3gan", data.image)

    def channels(self, image: ImageShape) -> list[int]:
        """Channels from the smallest map to the image, multiples of the group size."""
        sides = [math.sqrt(height * width) for height, width in upsampling_plan_of(image).sizes()]
        return [GROUP * max(1, round(min(768, 96 * 256 / side) * self.width / GROUP)) for side in sides]

    def stage(self, channels: int, sizes: int) -> list[nn.Module]:
        """The blocks of one size, in a network of `sizes` sizes."""
        return [ResidualBlock(channels, self.expansion, self.blocks * sizes) for _ in range(self.blocks)]


class R3GANGenerator(R3GANNetwork, Generator):
    """A learnt base map scaled by the latents, residual blocks at each size, a 1x1 convolution, tanh.

    The paper's generator has no tanh. Images have any size from 5x5 pixels: one that doublings do not reach is the
    centre of the next size up.
    """

    type: Literal["r3gan"] = "r3gan"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        plan, channels = upsampling_plan_of(image), self.channels(image)
        layers = [Base(latents.width, channels[0], plan.base), *self.stage(channels[0], len(channels))]
        for deep, shallow in pairwise(channels):
            layers += [Upsample(deep, shallow), *self.stage(shallow, len(channels))]
        to_image = init_weights(nn.Conv2d(channels[-1], image.channels, 1), 1.0)
        return nn.Sequential(*layers, to_image, nn.Tanh(), *plan.crop(image))


class Base(nn.Module):
    """A learnt map whose channels the latents scale: (N, W) -> (N, C, *size)."""

    def __init__(self, inputs: int, channels: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.randn(channels, *size))
        self.scales = init_weights(nn.Linear(inputs, channels, bias=False), 1.0)

    def forward(self, embedded: Tensor) -> Tensor:
        scaled = self.image * self.scales(embedded)[:, :, None, None]
        assert isinstance(scaled, Tensor)
        return scaled


class R3GANTrunk(R3GANNetwork, Trunk):
    """A 1x1 convolution, residual blocks at each size, and per channel a weighted sum over the smallest map.

    Zeros are added around images whose size doublings do not reach.
    """

    type: Literal["r3gan"] = "r3gan"

    def has_feature_maps(self) -> bool:
        return True

    def check(self, spec: SpecView) -> Iterable[Problem]:
        discriminator = spec.part(Discriminator, "discriminator")
        if discriminator.spectral_norm and discriminator.trunk is self:
            message = "not with spectral_norm: the blocks start with zero weights, whose largest singular value is zero"
            yield Problem(("type",), message)

    def build(self, image: ImageShape) -> TrunkModule:
        plan, channels = upsampling_plan_of(image), self.channels(image)[::-1]
        from_image = init_weights(nn.Conv2d(image.channels, channels[0], 1), 1.0)
        stages: list[nn.Module] = [nn.Sequential(*plan.pad(image), from_image, *self.stage(channels[0], len(channels)))]
        for shallow, deep in pairwise(channels):
            stages.append(nn.Sequential(Downsample(shallow, deep), *self.stage(deep, len(channels))))
        weigh = init_weights(nn.Conv2d(channels[-1], channels[-1], plan.base, groups=channels[-1], bias=False), 1.0)
        return StackedTrunk(stages, channels, nn.Sequential(weigh, nn.Flatten()), channels[-1])
