"""A part of each image."""

from collections.abc import Iterable
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, DataInfo, ImageShape, Problem, SpecView

Place = Annotated[float, Field(ge=0, le=1)]


class Crop(Augmentation):
    """Keeps a rectangle of each image, at its place, and makes the rest grey (0).

    A code that is read through it is about this part of aligned images, such as the mouth of a face. Places are shares
    of the side, from the top left corner.
    """

    type: Literal["crop"] = "crop"
    across: tuple[Place, Place] = Field(
        default=(0, 1), description="Where the rectangle begins and ends, from the left."
    )
    down: tuple[Place, Place] = Field(default=(0, 1), description="Where the rectangle begins and ends, from the top.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        sides = (("across", self.across, data.image.width), ("down", self.down, data.image.height))
        for field, places, side in sides:
            begin, end = _pixels(places, side)
            if begin >= end:
                yield Problem(
                    (field,), f"no pixel of {data.image} is between {places[0]:g} and {places[1]:g} of the side"
                )

    def build(self, image: ImageShape) -> "CropModule":
        return CropModule(_pixels(self.across, image.width), _pixels(self.down, image.height))


def _pixels(places: tuple[float, float], side: int) -> tuple[int, int]:
    return round(places[0] * side), round(places[1] * side)


class CropModule(AugmentationModule):
    """Images (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, across: tuple[int, int], down: tuple[int, int]) -> None:
        super().__init__()
        self._columns, self._rows = slice(*across), slice(*down)

    def forward(self, images: Tensor) -> Tensor:
        kept = torch.zeros_like(images)
        kept[:, :, self._rows, self._columns] = images[:, :, self._rows, self._columns]
        return kept
