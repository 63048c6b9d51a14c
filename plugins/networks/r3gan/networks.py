"""R3GAN's generator and trunk."""

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
    """The base of R3GAN's networks (Huang et al. 2024, arXiv 2501.05441, section 4). The channels at each size are the
    paper's, times `width`: 96 at 256x256, doubling at each half of the size up to 768 at 32x32 and below."""

    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels.")
    blocks: int = Field(default=2, ge=1, description="Residual blocks at each size.")
    expansion: int = Field(default=2, ge=1, description="Factor on the channels inside a block.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution("r3gan", data.image)

    def channels(self, image: ImageShape) -> list[int]:
        """The channels at each size, from the base to the image, in multiples of GROUP."""
        base, doublings = upsampling_plan_of(image)
        sides = [base * 2**level for level in range(doublings + 1)]
        return [GROUP * max(1, round(min(768, 96 * 256 / side) * self.width / GROUP)) for side in sides]

    def stage(self, channels: int, sizes: int) -> list[nn.Module]:
        """The residual blocks of one size, in a network with `sizes` sizes."""
        return [ResidualBlock(channels, self.expansion, self.blocks * sizes) for _ in range(self.blocks)]


class R3GANGenerator(R3GANNetwork, Generator):
    """R3GAN's generator: a learnt base image whose channels the latents scale, residual blocks at each size, and a 1x1
    convolution. Unlike the paper's, it ends in tanh."""

    type: Literal["r3gan"] = "r3gan"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        channels = self.channels(image)
        layers = [
            Base(latents.width, channels[0], upsampling_plan_of(image).base),
            *self.stage(channels[0], len(channels)),
        ]
        for deep, shallow in pairwise(channels):
            layers += [Upsample(deep, shallow), *self.stage(shallow, len(channels))]
        return nn.Sequential(*layers, init_weights(nn.Conv2d(channels[-1], image.channels, 1), 1.0), nn.Tanh())


class Base(nn.Module):
    """The learnt base image, scaled by the latents: (N, W) to (N, C, base, base)."""

    def __init__(self, inputs: int, channels: int, side: int) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.randn(channels, side, side))
        self.scales = init_weights(nn.Linear(inputs, channels, bias=False), 1.0)

    def forward(self, embedded: Tensor) -> Tensor:
        scaled = self.image * self.scales(embedded)[:, :, None, None]
        assert isinstance(scaled, Tensor)
        return scaled


class R3GANTrunk(R3GANNetwork, Trunk):
    """R3GAN's discriminator without its last layer: a 1x1 convolution, residual blocks at each size, and a depthwise
    convolution over the base, whose output is the feature vector."""

    type: Literal["r3gan"] = "r3gan"

    def has_feature_maps(self) -> bool:
        return True

    def check(self, spec: SpecView) -> Iterable[Problem]:
        discriminator = spec.part(Discriminator, "discriminator")
        if discriminator.spectral_norm and discriminator.trunk is self:
            why = "the blocks are initialised with zero weights, whose largest singular value is 0"
            yield Problem(("type",), f"not with spectral norm: {why}")

    def build(self, image: ImageShape) -> TrunkModule:
        channels = self.channels(image)[::-1]
        stages: list[nn.Module] = [
            nn.Sequential(
                init_weights(nn.Conv2d(image.channels, channels[0], 1), 1.0), *self.stage(channels[0], len(channels))
            )
        ]
        for shallow, deep in pairwise(channels):
            stages.append(nn.Sequential(Downsample(shallow, deep), *self.stage(deep, len(channels))))
        base = upsampling_plan_of(image).base
        weigh = init_weights(nn.Conv2d(channels[-1], channels[-1], base, groups=channels[-1], bias=False), 1.0)
        return StackedTrunk(stages, channels, nn.Sequential(weigh, nn.Flatten()), channels[-1])
