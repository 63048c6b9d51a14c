"""Random shading from one side."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape


class Shading(Augmentation):
    """Makes each image brighter on one side and darker on the other, by a ramp of random direction and strength.

    A code that is read through it cannot encode the side that the light comes from.
    """

    type: Literal["shading"] = "shading"
    strength: float = Field(
        default=0.5, ge=0, le=2, description="Largest change at the edge of the image; black and white are 2 apart."
    )

    def build(self, image: ImageShape) -> "ShadingModule":
        return ShadingModule(self.strength, image)


class ShadingModule(AugmentationModule):
    """Images (N, C, H, W) to (N, C, H, W), not clipped."""

    across: Tensor
    down: Tensor

    def __init__(self, strength: float, image: ImageShape) -> None:
        super().__init__()
        self._strength = strength
        self.register_buffer("across", torch.linspace(-1, 1, image.width), persistent=False)
        self.register_buffer("down", torch.linspace(-1, 1, image.height)[:, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        n, device = len(images), images.device
        strength = torch.rand(n, 1, 1, 1, device=device) * self._strength
        direction = torch.rand(n, 1, 1, 1, device=device) * (2 * math.pi)
        ramp = direction.cos() * self.across + direction.sin() * self.down
        return images + (strength * ramp).to(images.dtype)
