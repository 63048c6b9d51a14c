"""A plugin of grey images that differ by three grey levels, and of networks that see the difference."""

from typing import Literal

import torch
from torch import Tensor, nn

from gan_run import (
    Component,
    DataInfo,
    DataSource,
    Features,
    Generator,
    ImageSet,
    ImageShape,
    LatentSpace,
    Trunk,
    TrunkModule,
    hookimpl,
)

LEVELS = 3
CONTRAST = LEVELS / 255
"""Pixels are 127 or 130; less than a hundredth of their range would be refused as one shade."""


class FaintBars(DataSource):
    """Grey images with a row or a column that is a little brighter."""

    type: Literal["faint-bars"] = "faint-bars"

    def describe(self) -> DataInfo:
        return DataInfo(ImageShape(1, 8, 8), {"train": 160, "test": 16}, {})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        lines = torch.eye(8, dtype=torch.uint8)
        bars = torch.cat([lines.unsqueeze(1).expand(8, 8, 8), lines.unsqueeze(2).expand(8, 8, 8)]).unsqueeze(1)
        return ImageSet((127 + LEVELS * bars).repeat(self.describe().sizes[split] // 16, 1, 1, 1), {})


class FaintGenerator(Generator):
    """Another generator, its images nearly grey."""

    type: Literal["faint"] = "faint"
    inner: Generator

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return Scaled(self.inner.build(latents, image))


class Scaled(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, embedded: Tensor) -> Tensor:
        images: Tensor = self.inner(embedded) * CONTRAST
        return images


class Magnifier(Trunk):
    """Another trunk, which sees the contrast that eyes do not."""

    type: Literal["magnifier"] = "magnifier"
    inner: Trunk

    def build(self, image: ImageShape) -> TrunkModule:
        return MagnifierModule(self.inner.build(image))


class MagnifierModule(TrunkModule):
    def __init__(self, inner: TrunkModule) -> None:
        super().__init__()
        self.inner = inner
        self.features = inner.features

    def forward(self, images: Tensor) -> Features:
        features: Features = self.inner(images / CONTRAST)
        return features


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [FaintBars, FaintGenerator, Magnifier]
