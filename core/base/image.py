"""What an image is: uint8 in sources and files, float in [-1, 1] everywhere inside."""

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
    """uint8 (N, C, H, W) in [0, 255] to float32 in [-1, 1]."""
    return images.to(torch.float32).mul_(2 / 255).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Float (N, C, H, W) in [-1, 1] to uint8 in [0, 255], rounded; what lies outside is clipped."""
    return images.float().add(1).mul_(255 / 2).round_().clamp_(0, 255).to(torch.uint8)
