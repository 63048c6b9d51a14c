"""Random rotation, shear, scale and shift."""

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape
from gan_run.plugins.training.augmentations.warping import Padding, warp


class Affine(Augmentation):
    """A random affine map per image. Rotation, shear, scale and shift are each uniform within their bounds."""

    type: Literal["affine"] = "affine"
    renamed: ClassVar[Mapping[str, str]] = {"slant": "shear", "stretch": "scale"}
    rotate: float = Field(default=0, ge=0, le=180, description="Largest rotation in degrees, in either direction.")
    shear: float = Field(
        default=0, ge=0, le=2, description="Largest horizontal shear, in pixels per pixel of height, either way."
    )
    scale: float = Field(
        default=0, ge=0, lt=1, description="Largest change of size: each axis is scaled by 1 - scale to 1 + scale."
    )
    shift: float = Field(
        default=0, ge=0, le=1, description="Largest shift along each axis, as a fraction of the image's side."
    )
    padding: Padding = Field(
        default="border", description="What fills the uncovered area: the border repeated, or a reflection."
    )

    def build(self, image: ImageShape) -> "AffineModule":
        return AffineModule(self)


class AffineModule(AugmentationModule):
    """Images (N, C, H, W) to images of the same shape, with bilinear interpolation."""

    def __init__(self, declared: Affine) -> None:
        super().__init__()
        self._declared = declared

    def forward(self, images: Tensor) -> Tensor:
        return warp(images, self.draw(len(images), images.device), self._declared.padding)

    def draw(self, n: int, device: torch.device) -> Tensor:
        """Draw random maps.

        Args:
            n: How many.
            device: Where.

        Returns:
            Affine maps (n, 2, 3) for `warp`.
        """
        declared = self._declared

        def either_way(bound: float) -> Tensor:
            return (torch.rand(n, device=device) * 2 - 1) * bound

        angle = either_way(math.radians(declared.rotate))
        cos, sin = angle.cos(), angle.sin()
        shear = either_way(declared.shear)
        across, down = 1 + either_way(declared.scale), 1 + either_way(declared.scale)
        right, below = either_way(2 * declared.shift), either_way(2 * declared.shift)
        # Rotation @ shear @ scale, and the shift.
        rows = [(cos * across, (cos * shear - sin) * down, right), (sin * across, (sin * shear + cos) * down, below)]
        return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
