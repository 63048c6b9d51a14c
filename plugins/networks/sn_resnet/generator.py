"""The residual generator."""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import (
    DataInfo,
    Generator,
    ImageShape,
    Latent,
    LatentSpace,
    Problem,
    SpecView,
    scaled,
    upsampling_plan_of,
)
from gan_run.plugins.networks.sn_resnet.layers import FLAT, SelfAttention, check_size, convolution, shortcut


class SNResNetGenerator(Generator):
    """A linear layer to a small map, a residual block per doubling, batch norm, ReLU, a convolution and tanh.

    Up to three doublings (28x28, 32x32) every layer has 256 channels, as in the paper's table for CIFAR-10. Above, as
    for ImageNet, channels halve from block to block, from at most 1024 to 64 at the image. The latents in `condition`
    (a class or codes) set the gains and biases of every batch norm instead of entering at the first layer (conditional
    batch norm, de Vries et al. 2017, arXiv 1707.00683). Images have any size from 5x5 pixels: one that doublings do not
    reach is the centre of the next size up.
    """

    type: Literal["sn-resnet"] = "sn-resnet"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels.")
    condition: tuple[str, ...] = Field(
        default=(), description="Latents that set the gains and biases of the batch norms."
    )
    attention: int | None = Field(
        default=None,
        ge=4,
        description="Height of the maps after which self-attention comes: 32 or 64 in SAGAN and BigGAN.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, name in enumerate(self.condition):
            yield from spec.check_latent(name, "condition", index)
        latents = [place[-1] for place, _ in spec.find_all(Latent) if place[0] == "latents"]
        if set(self.condition) >= set(latents):
            yield Problem(("condition",), "at least one latent must enter at the first layer")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_size(self.type, self.attention, data.image)

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        times = upsampling_plan_of(image).times
        if times <= FLAT:
            channels = [scaled(256, self.width)] * (times + 1)
        else:
            channels = [scaled(64 * min(2**level, 16), self.width) for level in range(times, -1, -1)]
        return SNResNetGeneratorModule(self, latents, channels, image)


class SNResNetGeneratorModule(nn.Module):
    """Embedded latents (N, W) to images (N, C, H, W) in [-1, 1]."""

    noise_columns: Tensor
    condition_columns: Tensor

    def __init__(
        self, declared: SNResNetGenerator, latents: LatentSpace, channels: list[int], image: ImageShape
    ) -> None:
        super().__init__()
        plan = upsampling_plan_of(image)
        condition_columns, noise_columns = latents.split_columns(declared.condition)
        self.register_buffer("noise_columns", noise_columns, persistent=False)
        self.register_buffer("condition_columns", condition_columns, persistent=False)
        self.first = nn.Linear(len(self.noise_columns), channels[0] * math.prod(plan.base))
        nn.init.xavier_uniform_(self.first.weight)
        nn.init.zeros_(self.first.bias)
        self.unflatten = nn.Unflatten(1, (channels[0], *plan.base))
        self.blocks = nn.ModuleList(
            UpBlock(wide, narrow, len(self.condition_columns)) for wide, narrow in pairwise(channels)
        )
        self.attention = nn.ModuleList(
            SelfAttention(narrow) if height == declared.attention else nn.Identity()
            for (height, _), narrow in zip(plan.sizes()[1:], channels[1:], strict=True)
        )
        self.norm = nn.BatchNorm2d(channels[-1])
        self.last = convolution(channels[-1], image.channels, gain=1.0)
        self.crop = nn.Sequential(*plan.crop(image))

    def forward(self, embedded: Tensor) -> Tensor:
        condition = embedded[:, self.condition_columns]
        maps = self.unflatten(self.first(embedded[:, self.noise_columns]))
        for block, attention in zip(self.blocks, self.attention, strict=True):
            maps = attention(block(maps, condition))
        images = self.crop(self.last(self.norm(maps).relu()).tanh())
        assert isinstance(images, Tensor)
        return images


class UpBlock(nn.Module):
    """A residual block that doubles the size: maps (N, wide, H, W) and condition (N, K) to (N, narrow, 2 H, 2 W).

    Two convolutions, each after conditional batch norm and ReLU; the shortcut is a 1x1 convolution.
    """

    def __init__(self, wide: int, narrow: int, condition: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(ConditionalNorm(channels, condition) for channels in (wide, narrow))
        self.first, self.second = convolution(wide, narrow), convolution(narrow, narrow)
        self.shortcut = shortcut(wide, narrow)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        before, between = self.norms
        inner = self.first(_twice(before(maps, condition).relu()))
        inner = self.second(between(inner, condition).relu())
        summed = inner + self.shortcut(_twice(maps))
        assert isinstance(summed, Tensor)
        return summed


class ConditionalNorm(nn.Module):
    """Batch norm whose gains and biases are linear in the condition (N, K); K may be 0."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.by_condition = nn.Linear(condition, 2 * channels, bias=False) if condition else None
        if self.by_condition is not None:
            nn.init.zeros_(self.by_condition.weight)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        gain, bias = self.gain[None], self.bias[None]
        if self.by_condition is not None:
            more_gain, more_bias = self.by_condition(condition).chunk(2, dim=1)
            gain, bias = gain + more_gain, bias + more_bias
        normed = self.norm(maps) * gain[:, :, None, None] + bias[:, :, None, None]
        assert isinstance(normed, Tensor)
        return normed


def _twice(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2, mode="nearest")
