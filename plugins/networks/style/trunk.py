"""The trunk."""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    DataInfo,
    ImageShape,
    Problem,
    SpecView,
    StackedTrunk,
    Trunk,
    TrunkModule,
    check_resolution,
    full_precision,
    upsampling_plan_of,
)
from gan_run.plugins.networks.style.layers import SMALLEST_SQUARE, Activation, Blur, channels_of, equalised


class StyleTrunk(Trunk):
    """StyleGAN2's discriminator: a residual block per halving of the size, minibatch standard deviation, a convolution
    and a dense layer.

    Each block gives a feature map. Zeros are added around images whose size doublings do not reach.
    """

    type: Literal["style"] = "style"
    width: float = Field(
        default=1.0,
        gt=0,
        description="Factor on the number of channels: 64 at 64x64, doubled at half the size, to 512.",
    )
    group: int = Field(
        default=4,
        ge=1,
        description="Images in a group of the minibatch standard deviation, at most; 1 leaves it out.",
    )

    def has_feature_maps(self) -> bool:
        return True

    def couples_images(self) -> bool:
        return self.group > 1

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution(self.type, data.image)

    def build(self, image: ImageShape) -> TrunkModule:
        plan, channels = upsampling_plan_of(image), channels_of(image, self.width)[::-1]
        from_image = nn.Sequential(*plan.pad(image), equalised(nn.Conv2d(image.channels, channels[0], 1)), Activation())
        stages: list[nn.Module] = [ResidualBlock(shallow, deep) for shallow, deep in pairwise(channels)]
        stages[0] = nn.Sequential(from_image, stages[0])
        deepest = channels[-1]
        deviation = [MinibatchDeviation(self.group)] if self.group > 1 else []
        last = nn.Sequential(
            *deviation,
            equalised(nn.Conv2d(deepest + len(deviation), deepest, 3, padding=1)),
            Activation(),
            nn.Flatten(),
            equalised(nn.Linear(deepest * math.prod(plan.base), deepest)),
            Activation(),
        )
        return StackedTrunk(stages, channels[1:], last, deepest)


class ResidualBlock(nn.Module):
    """Two convolutions to half the size, and a 1x1 convolution beside: (N, C, H, W) to (N, deep, H / 2, W / 2)."""

    def __init__(self, shallow: int, deep: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            equalised(nn.Conv2d(shallow, shallow, 3, padding=1)),
            Activation(),
            Blur(padding=2),
            equalised(nn.Conv2d(shallow, deep, 3, stride=2)),
            Activation(),
        )
        self.shortcut = nn.Sequential(Blur(padding=1, stride=2), equalised(nn.Conv2d(shallow, deep, 1, bias=False)))

    def forward(self, maps: Tensor) -> Tensor:
        summed = (self.inner(maps) + self.shortcut(maps)) / math.sqrt(2)
        assert isinstance(summed, Tensor)
        return summed


class MinibatchDeviation(nn.Module):
    """Adds a channel that holds how much the images of a group differ: (N, C, H, W) -> (N, C + 1, H, W).

    It is the standard deviation over the group, averaged over channels and pixels (Karras et al. 2017, arXiv
    1710.10196, section 3). Neighbours in the batch form as few groups as possible, whose sizes differ by one at most.

    Args:
        size: Images in a group, at most.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def forward(self, maps: Tensor) -> Tensor:
        n = len(maps)
        groups = math.ceil(n / self._size)
        small, larger = divmod(n, groups)  # as many groups are larger by one
        split = larger * (small + 1)
        parts = [(maps[:split], small + 1), (maps[split:], small)]
        deviations = torch.cat([_deviations(part, size) for part, size in parts if len(part)])
        channel = deviations.to(maps.dtype)[:, None, None, None].expand(-1, -1, *maps.shape[2:])
        return torch.cat([maps, channel], dim=1)


def _deviations(maps: Tensor, size: int) -> Tensor:
    """The deviation within each group of `size` images, for each image: (N,)."""
    grouped = full_precision(maps).view(-1, size, *maps.shape[1:])
    deviations = (grouped.var(dim=1, correction=0) + SMALLEST_SQUARE).sqrt()
    return deviations.flatten(1).mean(dim=1).repeat_interleave(size)
