"""Random stroke width."""

import math
from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from gan_run import Augmentation, AugmentationModule, DataInfo, ImageShape, Problem, SpecView, full_precision


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
        return StrokesModule(self, image)


class StrokesModule(AugmentationModule):
    """Images (N, C, H, W) to (N, C, H, W).

    The blur is a matrix product on each axis: for small images, on a CPU, faster than a convolution of each channel.
    """

    along_height: Tensor
    along_width: Tensor

    def __init__(self, declared: Strokes, image: ImageShape) -> None:
        super().__init__()
        self._declared = declared
        for name, size in (("along_height", image.height), ("along_width", image.width)):
            self.register_buffer(name, blur_matrix(size, declared.blur, declared.reach), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        levels = (torch.rand(len(images), device=images.device) * 2 - 1) * self._declared.level
        return self.cut(images, levels)

    def cut(self, images: Tensor, levels: Tensor) -> Tensor:
        """Threshold images (N, C, H, W) at levels (N,)."""
        with torch.autocast(images.device.type, enabled=False):
            images = full_precision(images)
            blurred = self.along_height.T @ images @ self.along_width
            return torch.tanh(self._declared.sharpness * (blurred - levels.to(images).view(-1, 1, 1, 1)))


def blur_matrix(size: int, deviation: float, reach: int) -> Tensor:
    """Gaussian blur of a line of pixels, which is reflected at its ends, as a matrix.

    Args:
        size: Number of pixels.
        deviation: Standard deviation of the Gaussian, in pixels.
        reach: Pixels to either side that count.

    Returns:
        (size, size): a row of pixels times this is the blurred row.
    """
    weights = torch.softmax(-0.5 * (torch.arange(-reach, reach + 1) / deviation).square(), dim=0)
    reflected = F.pad(torch.eye(size)[None], (reach, reach), mode="reflect")[0]
    return reflected.unfold(1, len(weights), 1) @ weights
