"""The order of the axes of an array of images."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from gan_run import ImageShape

LayoutName = Literal["auto", "L", "CL", "LC", "HW", "CHW", "HWC", "DHW", "CDHW", "DHWC"]
LIKELY_CHANNELS = ((1, 3), (2, 4))
"""The numbers of channels by which `auto` tells their axis; the second pair where the first fits neither end."""


class Layout(NamedTuple):
    """The axes of one image, in order: C for the channels, another letter for each spatial axis."""

    axes: str

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether an array of this shape, images first, has these axes."""
        return len(shape) == 1 + len(self.axes)

    def channels(self, shape: Sequence[int]) -> int:
        """The number of channels of an array of this shape, images first."""
        return shape[1 + self.axes.index("C")] if "C" in self.axes else 1

    def image_shape(self, shape: Sequence[int]) -> ImageShape:
        """The shape of one image."""
        spatial = [size for axis, size in zip(self.axes, shape[1:], strict=True) if axis != "C"]
        return ImageShape(self.channels(shape), *spatial)

    def channels_first(self, images: "np.ndarray[Any, np.dtype[Any]]") -> "np.ndarray[Any, np.dtype[Any]]":
        """The images as a contiguous array (M, C, …)."""
        if "C" not in self.axes:
            return np.ascontiguousarray(images[:, None])
        return np.ascontiguousarray(np.moveaxis(images, 1 + self.axes.index("C"), 1))


def guesses(shape: Sequence[int]) -> list[Layout]:
    """The layouts of pictures that an array of this shape can have: with 1 to 4 channels, first or last.

    Args:
        shape: (M, H, W), (M, H, W, C) or (M, C, H, W).
    """
    if len(shape) == 3:
        return [Layout("HW")]
    if len(shape) != 4:
        return []
    both = (Layout("HWC"), Layout("CHW"))
    for likely in LIKELY_CHANNELS:
        if fitting := [layout for layout in both if layout.channels(shape) in likely]:
            return fitting
    return []
