"""The type and range of the pixels in an array."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_run import PixelCodec

RANGES = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0)}
FLOATS = ("float16", "float32", "float64")
TYPES = (*RANGES, *FLOATS)


def codec_of(dtype: str, given: tuple[float, float] | None) -> PixelCodec | None:
    """The codec of an array's pixels; None if their range has to be given.

    Args:
        dtype: One of `TYPES`.
        given: The values that become -1 and 1; None for the whole range of an integer type.
    """
    low_high = given or RANGES.get(dtype)
    if low_high is None:
        return None
    low, high = low_high
    if dtype == "uint8":
        return PixelCodec("uint8", low, high)
    return PixelCodec("uint16" if dtype == "uint16" else "float32", low, high)


def stored(images: "np.ndarray[Any, np.dtype[Any]]", codec: PixelCodec) -> Tensor:
    """The pixels in the codec's type."""
    return torch.from_numpy(images.astype(codec.dtype, copy=False))


def mistake_in(pixels: Tensor, codec: PixelCodec) -> str | None:
    """What is wrong with pixels; None if they are in the codec's range."""
    values = pixels.numpy()  # torch has no minimum of uint16
    low, high = float(values.min()), float(values.max())
    if not codec.low <= low <= high <= codec.high:  # also false for NaN
        return f"has pixels from {low:g} to {high:g}, outside data.range, {codec.low:g} to {codec.high:g}"
    return None
