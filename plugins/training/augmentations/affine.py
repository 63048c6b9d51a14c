"""Images rotated, slanted, stretched and shifted at random."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape
from gan_run.plugins.training.augmentations.warping import Padding, warp


class Affine(Augmentation):
    """A random affine map of each image, each of its parts uniform within its bounds."""

    type: Literal["affine"] = "affine"
    rotate: float = Field(default=0, ge=0, le=180, description="Degrees, either way.")
    slant: float = Field(default=0, ge=0, le=2, description="Pixels sideways for each pixel upwards, either way.")
    stretch: float = Field(default=0, ge=0, lt=1, description="Share of the size more or less, of each axis by itself.")
    shift: float = Field(default=0, ge=0, le=1, description="Share of the image's side, either way on each axis.")
    padding: Padding = Field(default="border", description="What comes in from outside: the edge again, or a mirror.")

    def build(self, image: ImageShape) -> "AffineModule":
        return AffineModule(self)


class AffineModule(AugmentationModule):
    """(N, C, H, W) to the same, bilinear."""

    def __init__(self, declared: Affine) -> None:
        super().__init__()
        self._declared = declared

    def forward(self, images: Tensor) -> Tensor:
        return warp(images, self.draw(len(images), images.device), self._declared.padding)

    def draw(self, n: int, device: torch.device) -> Tensor:
        """Maps (N, 2, 3) for `warp`."""
        declared = self._declared

        def either_way(bound: float) -> Tensor:
            return (torch.rand(n, device=device) * 2 - 1) * bound

        angle = either_way(math.radians(declared.rotate))
        cos, sin = angle.cos(), angle.sin()
        slant = either_way(declared.slant)
        across, down = 1 + either_way(declared.stretch), 1 + either_way(declared.stretch)
        right, below = either_way(2 * declared.shift), either_way(2 * declared.shift)
        # Rotation times slant times stretch, and the shift.
        rows = [(cos * across, (cos * slant - sin) * down, right), (sin * across, (sin * slant + cos) * down, below)]
        return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
