"""Random stroke width."""

import math
from collections.abc import Callable, Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, DataInfo, ImageShape, Problem, SpecView


class Strokes(Augmentation):
    """Makes bright strokes on a dark background thinner or thicker: tanh(sharpness * (blurred image - level)), with a
    random level for each image."""

    type: Literal["strokes"] = "strokes"
    level: float = Field(
        default=0.6, ge=0, lt=1, description="Largest absolute level: above 0 strokes get thinner, below 0 thicker."
    )
    blur: float = Field(default=0.8, gt=0, le=10, description="Standard deviation of the blur, in pixels.")
    sharpness: float = Field(default=3, gt=0, description="Steepness of the threshold.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        shorter = min(data.image.height, data.image.width)
        if self.reach >= shorter:
            problem = f"{self.blur} pixels are too many for {data.image}: at most {(shorter - 1) / 2:g}"
            yield Problem(("blur",), problem)

    @property
    def reach(self) -> int:
        """Pixels to either side that the blur takes into account. The image is reflected at its edges, once."""
        return math.ceil(2 * self.blur)

    def build(self, image: ImageShape) -> "StrokesModule":
        return StrokesModule(self)


class StrokesModule(AugmentationModule):
    """Images (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, declared: Strokes) -> None:
        # torchvision takes over a second to import, which runs without this augmentation need not wait for.
        from torchvision.transforms.v2.functional import gaussian_blur_image

        super().__init__()
        self._declared = declared
        self._blur: Callable[[Tensor, list[int], list[float]], Tensor] = gaussian_blur_image

    def forward(self, images: Tensor) -> Tensor:
        levels = (torch.rand(len(images), device=images.device) * 2 - 1) * self._declared.level
        return self.cut(images, levels)

    def cut(self, images: Tensor, levels: Tensor) -> Tensor:
        """Threshold images (N, C, H, W) at levels (N,)."""
        declared = self._declared
        kernel = 2 * declared.reach + 1
        with torch.autocast(images.device.type, enabled=False):
            blurred = self._blur(images, [kernel, kernel], [declared.blur, declared.blur])
            return torch.tanh(declared.sharpness * (blurred - levels.to(images).view(-1, 1, 1, 1)))
