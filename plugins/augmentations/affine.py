"""Images rotated, slanted, stretched and shifted at random."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import Augmentation, ImageShape

Padding = Literal["border", "reflection"]


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


class AffineModule(nn.Module):
    """(N, C, H, W) to the same, bilinear."""

    def __init__(self, declared: Affine) -> None:
        super().__init__()
        self._declared = declared

    def forward(self, images: Tensor) -> Tensor:
        return warp(images, self.draw(len(images), images.device), self._declared.padding)

    def draw(self, n: int, device: torch.device) -> Tensor:
        """Maps (N, 2, 3) from the coordinates of the result to those of the image, both [-1, 1] across the image."""
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


def warp(images: Tensor, maps: Tensor, padding: Padding) -> Tensor:
    """Each image (N, C, H, W) through its map (N, 2, 3); in full precision, for coordinates of half types would be
    pixels off."""
    with torch.autocast(images.device.type, enabled=False):
        grid = F.affine_grid(maps.to(images), list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, padding_mode=padding, align_corners=False)
