"""Strokes made thinner or thicker at random."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape


class Strokes(Augmentation):
    """Bright strokes on dark made thinner or thicker: the image x is blurred and cut again, softly, at a random level,
    tanh(sharpness * (blurred x - level))."""

    type: Literal["strokes"] = "strokes"
    level: float = Field(
        default=0.6, ge=0, lt=1, description="Where to cut, at most, either way: above 0 is thinner, below thicker."
    )
    blur: float = Field(default=0.8, gt=0, le=10, description="Standard deviation of the blur, in pixels.")
    sharpness: float = Field(default=3, gt=0, description="How steep the cut is.")

    def build(self, image: ImageShape) -> "StrokesModule":
        return StrokesModule(self)


class StrokesModule(AugmentationModule):
    """(N, C, H, W) to the same, each image by a level of its own."""

    def __init__(self, declared: Strokes) -> None:
        # torchvision takes over a second to import: only who uses this waits.
        from torchvision.transforms.v2.functional import gaussian_blur_image

        super().__init__()
        self._declared = declared
        self._blur: Callable[[Tensor, list[int], list[float]], Tensor] = gaussian_blur_image

    def forward(self, images: Tensor) -> Tensor:
        levels = (torch.rand(len(images), device=images.device) * 2 - 1) * self._declared.level
        return self.cut(images, levels)

    def cut(self, images: Tensor, levels: Tensor) -> Tensor:
        """Each image (N, C, H, W) at its level (N,)."""
        declared = self._declared
        reach = 2 * math.ceil(2 * declared.blur) + 1
        with torch.autocast(images.device.type, enabled=False):
            blurred = self._blur(images, [reach, reach], [declared.blur, declared.blur])
            return torch.tanh(declared.sharpness * (blurred - levels.to(images).view(-1, 1, 1, 1)))
