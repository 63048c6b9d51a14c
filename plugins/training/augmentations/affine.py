"""Random rotation, shear, scaling and translation."""

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape
from gan_run.plugins.training.augmentations.warping import Padding, warp

Scale = Annotated[float, Field(ge=0, lt=1)]
Shift = Annotated[float, Field(ge=0, le=1)]


class Affine(Augmentation):
    """A random affine transform of each image. Each part is uniform within its bounds, in either direction.

    Changes of one axis alone leave a code what is along the other: `"scale": [0.3, 0]` hides the width of a head, and
    not how far it is tilted. Rotation and shear are of the pixels: a circle in a rectangular image is rotated to a
    circle.
    """

    renamed: ClassVar[Mapping[str, str]] = {"slant": "shear", "stretch": "scale"}
    type: Literal["affine"] = "affine"
    rotate: float = Field(default=0, ge=0, le=180, description="Largest rotation, in degrees.")
    shear: float = Field(default=0, ge=0, le=2, description="Largest horizontal shift per pixel of height.")
    scale: Scale | tuple[Scale, Scale] = Field(
        default=0, description="Largest relative change of size, drawn for each axis: of both, or [across, down]."
    )
    shift: Shift | tuple[Shift, Shift] = Field(
        default=0, description="Largest translation on each axis, as a share of the side: of both, or [across, down]."
    )
    padding: Padding = Field(
        default="border", description="What fills the outside: the edge pixel or the reflected image."
    )

    def build(self, image: ImageShape) -> "AffineModule":
        return AffineModule(self, image)


class AffineModule(AugmentationModule):
    """Images (N, C, H, W) to (N, C, H, W), with bilinear interpolation."""

    def __init__(self, declared: Affine, image: ImageShape) -> None:
        super().__init__()
        self._declared = declared
        self._aspect = image.width / image.height

    def forward(self, images: Tensor) -> Tensor:
        return warp(images, self.sample_maps(len(images), images.device), self._declared.padding)

    def sample_maps(self, n: int, device: torch.device) -> Tensor:
        """Draw maps for `warp`.

        Args:
            n: Number of images.
            device: Where the maps are drawn.

        Returns:
            Maps (n, 2, 3).
        """
        declared = self._declared

        def either_way(bound: float) -> Tensor:
            return (torch.rand(n, device=device) * 2 - 1) * bound

        angle = either_way(math.radians(declared.rotate))
        cos, sin = angle.cos(), angle.sin()
        shear = either_way(declared.shear)
        across, down = (1 + either_way(bound) for bound in _on_each_axis(declared.scale))
        right, below = (either_way(2 * bound) for bound in _on_each_axis(declared.shift))
        # Rotation times shear times scaling, in pixels. A unit of the coordinates is half a side, so that what leads
        # from one axis to the other is scaled by the ratio of the sides. The translation is a share of each side.
        shear_or_turn, turn = (cos * shear - sin) * down / self._aspect, sin * across * self._aspect
        rows = [(cos * across, shear_or_turn, right), (turn, (sin * shear + cos) * down, below)]
        return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def _on_each_axis(bound: float | tuple[float, float]) -> tuple[float, float]:
    return bound if isinstance(bound, tuple) else (bound, bound)
