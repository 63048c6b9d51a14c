"""Random thinning and thickening of strokes."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape


class Strokes(Augmentation):
    """Thins or thickens bright strokes on a dark background: blurs the image x and applies a soft threshold at a random
    level, tanh(sharpness * (blur(x) - level))."""

    type: Literal["strokes"] = "strokes"
    level: float = Field(
        default=0.6,
        ge=0,
        lt=1,
        description="Largest absolute threshold; positive thresholds thin strokes, negative ones thicken them.",
    )
    blur: float = Field(default=0.8, gt=0, le=10, description="Standard deviation of the blur, in pixels.")
    sharpness: float = Field(default=3, gt=0, description="Slope of the soft threshold.")

    def build(self, image: ImageShape) -> "StrokesModule":
        return StrokesModule(self)


class StrokesModule(AugmentationModule):
    """Images (N, C, H, W) to images of the same shape, each with its own random threshold."""

    def __init__(self, declared: Strokes) -> None:
        # Imported here, because torchvision takes over a second to import.
        from torchvision.transforms.v2.functional import gaussian_blur_image

        super().__init__()
        self._declared = declared
        self._blur: Callable[[Tensor, list[int], list[float]], Tensor] = gaussian_blur_image

    def forward(self, images: Tensor) -> Tensor:
        levels = (torch.rand(len(images), device=images.device) * 2 - 1) * self._declared.level
        return self.cut(images, levels)

    def cut(self, images: Tensor, levels: Tensor) -> Tensor:
        """Apply given thresholds.

        Args:
            images: (N, C, H, W) in [-1, 1].
            levels: The threshold of each image, (N,).

        Returns:
            Images of the same shape, in (-1, 1).
        """
        declared = self._declared
        reach = 2 * math.ceil(2 * declared.blur) + 1
        with torch.autocast(images.device.type, enabled=False):
            blurred = self._blur(images, [reach, reach], [declared.blur, declared.blur])
            return torch.tanh(declared.sharpness * (blurred - levels.to(images).view(-1, 1, 1, 1)))
