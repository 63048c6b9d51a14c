"""The data source `sprites`."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Column, DataInfo, DataSource, ImageSet, ImageShape, split_at_random
from gan_run.plugins.data.sprites.drawing import COUNT, SHAPES, Factors, draw, factors_of


class Sprites(DataSource):
    """The lattice of dSprites (Matthey et al. 2017), drawn here.

    The 737,280 images are all combinations of 3 shapes, 6 scales, 40 orientations and 32x32 positions, in white on
    black. They are drawn when they are asked for: nothing is downloaded or stored. They resemble the published images
    and are not the same. The columns are the class `label` (the shape), `scale`, `orientation` in degrees, `x` and `y`.
    Training and test images are drawn at random, always the same ones.
    """

    type: Literal["sprites"] = "sprites"
    size: int = Field(default=64, ge=8, le=65_536, description="Side of the images, in pixels.")
    test: int = Field(default=73728, ge=0, lt=COUNT, description="Number of test images.")

    def describe(self) -> DataInfo:
        columns = {
            "label": Column("categorical", SHAPES),
            "scale": Column("continuous"),
            "orientation": Column("angle"),
            "x": Column("continuous"),
            "y": Column("continuous"),
        }
        return DataInfo(ImageShape(1, self.size, self.size), {"train": COUNT - self.test, "test": self.test}, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        rows = split_at_random(COUNT, split, self.test, self.name())
        shape, *others = factors_of(rows)
        columns = {"label": shape, **dict(zip(Factors._fields[1:], others, strict=True))}
        return ImageSet(DrawnSprites(rows, self.size), columns)


class DrawnSprites:
    """An image store that draws what it is asked for.

    Args:
        rows: The places of the images in the lattice, int64 (M,).
        side: Side of the images, in pixels.
    """

    dtype = torch.uint8

    def __init__(self, rows: Tensor, side: int) -> None:
        self._rows = rows
        self._side = side

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._rows), 1, self._side, self._side)

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        return draw(factors_of(self._rows[rows]), self._side)
