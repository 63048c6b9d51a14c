"""The residual trunk."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import (
    DataInfo,
    Features,
    ImageShape,
    Problem,
    SpecView,
    Trunk,
    TrunkModule,
    scaled,
    spectral_norm,
    upsampling_plan_of,
)
from gan_run.plugins.networks.sn_resnet.layers import FLAT, SelfAttention, check_size, convolution, shortcut


class SNResNetTrunk(Trunk):
    """Residual blocks down to a small map, one more at that size, ReLU, and the sum over all places.

    Every weight matrix has spectral norm; `discriminator.spectral_norm` adds it to the head. Up to three doublings
    (28x28, 32x32) every layer has 128 channels and only two blocks halve the size, as in the paper's table for
    CIFAR-10. Above, as for ImageNet, channels double from block to block, from 64 at the image to at most 1024.
    Zeros are added around images whose size doublings do not reach.
    """

    type: Literal["sn-resnet"] = "sn-resnet"
    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels.")
    attention: int | None = Field(
        default=None,
        ge=4,
        description="Height of the maps after which self-attention comes: 32 or 64 in SAGAN and BigGAN.",
    )

    def has_feature_maps(self) -> bool:
        return True

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_size(self.type, self.attention, data.image)

    def build(self, image: ImageShape) -> TrunkModule:
        times = upsampling_plan_of(image).times
        if times <= FLAT:
            halvings, channels = min(times, 2), [scaled(128, self.width)] * 4
        else:
            halvings = times
            channels = [scaled(64 * min(2**level, 16), self.width) for level in range(times + 1)]
        return SNResNetTrunkModule(image, channels, halvings, self.attention)


class SNResNetTrunkModule(TrunkModule):
    """Images (N, C, H, W) to features, with one feature map per block."""

    def __init__(self, image: ImageShape, channels: list[int], halvings: int, attention: int | None) -> None:
        super().__init__()
        plan = upsampling_plan_of(image)
        self.features = channels[-1]
        self.map_channels = tuple(channels)
        self.pad = nn.Sequential(*plan.pad(image))
        first = FirstBlock(image.channels, channels[0])
        others = [
            DownBlock(shallow, deep, halves=level < halvings)
            for level, (shallow, deep) in enumerate(pairwise(channels), start=1)
        ]
        self.blocks = nn.ModuleList([first, *others])
        whole, _ = plan.sizes()[-1]
        heights = [whole // 2 ** min(level + 1, halvings) for level in range(len(channels))]
        at = heights.index(attention) if attention in heights else None
        self.attention = nn.ModuleList(
            SelfAttention(deep) if level == at else nn.Identity() for level, deep in enumerate(channels)
        )
        spectral_norm(self)

    def forward(self, images: Tensor) -> Features:
        images = self.pad(images)
        maps = []
        for block, attention in zip(self.blocks, self.attention, strict=True):
            images = attention(block(images))
            maps.append(images)
        return Features(images.relu().sum(dim=(2, 3)), tuple(maps))


class FirstBlock(nn.Module):
    """The first residual block: two convolutions, then half the size. No ReLU is applied to the image."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = convolution(inputs, outputs), convolution(outputs, outputs)
        self.shortcut = shortcut(inputs, outputs)

    def forward(self, images: Tensor) -> Tensor:
        inner = self.second(self.first(images).relu())
        summed = F.avg_pool2d(inner, 2) + self.shortcut(F.avg_pool2d(images, 2))
        assert isinstance(summed, Tensor)
        return summed


class DownBlock(nn.Module):
    """A residual block: two convolutions, each after ReLU, then half the size if `halves`.

    The shortcut is a 1x1 convolution where the size or the number of channels changes.
    """

    def __init__(self, shallow: int, deep: int, *, halves: bool) -> None:
        super().__init__()
        self.first, self.second = convolution(shallow, deep), convolution(deep, deep)
        self.shortcut = shortcut(shallow, deep) if halves or shallow != deep else nn.Identity()
        self.pool = nn.AvgPool2d(2) if halves else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.second(self.first(maps.relu()).relu())
        summed = self.pool(inner + self.shortcut(maps))
        assert isinstance(summed, Tensor)
        return summed
