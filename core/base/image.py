"""The shape and value range of images: uint8 in sources and files, float in [-1, 1] in networks, losses and metrics."""

from typing import NamedTuple

import torch
from torch import Tensor


class ImageShape(NamedTuple):
    """The shape of one image, (C, H, W) in pixels."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}, {self.channels} channel(s)"


def to_float(images: Tensor) -> Tensor:
    """Convert pixel values to the range of networks.

    Args:
        images: (N, C, H, W) in [0, 255], as a rule uint8.

    Returns:
        A new float32 tensor (N, C, H, W) in [-1, 1].
    """
    return images.to(torch.float32, copy=True).mul_(2 / 255).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Convert images to pixel values.

    Args:
        images: float (N, C, H, W) in [-1, 1]; values outside are clipped.

    Returns:
        A new uint8 tensor (N, C, H, W) in [0, 255], rounded to the nearest value.
    """
    return images.float().add(1).mul_(255 / 2).round_().clamp_(0, 255).to(torch.uint8)
