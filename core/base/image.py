"""The shape of images, and the codec between the pixels of a source and the range of networks, [-1, 1]."""

from dataclasses import dataclass
from typing import Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_run.core.base.errors import DataError

PICTURE_AXES = 2
"""The number of spatial axes of a picture."""

PixelType = Literal["uint8", "uint16", "float32"]


class ImageShape(tuple[int, ...]):
    """The shape of one image: channels, then the length of each spatial axis, in pixels.

    `ImageShape(3, 32, 48)` is a picture of 32 rows; `ImageShape(1, 1024)` is a signal, `ImageShape(1, 16, 16, 16)` a
    volume. Networks, augmentations and pictures of this package take two spatial axes, if nothing else is said.
    """

    __slots__ = ()

    def __new__(cls, channels: int, *size: int) -> Self:
        return super().__new__(cls, (channels, *size))

    def __getnewargs__(self) -> tuple[int, ...]:
        return tuple(self)  # for copies

    @property
    def channels(self) -> int:
        """C."""
        return self[0]

    @property
    def size(self) -> tuple[int, ...]:
        """The length of each spatial axis."""
        return self[1:]

    @property
    def is_picture(self) -> bool:
        """Whether there are two spatial axes."""
        return len(self.size) == PICTURE_AXES

    @property
    def height(self) -> int:
        """H. Raises DataError if the image is no picture."""
        return self._picture_size()[0]

    @property
    def width(self) -> int:
        """W. Raises DataError if the image is no picture."""
        return self._picture_size()[1]

    def _picture_size(self) -> tuple[int, ...]:
        if not self.is_picture:
            raise DataError(f"an image of {self} is no picture: it has no height and width")
        return self.size

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.size))}, {self.channels} channel(s)"

    def __repr__(self) -> str:
        return f"ImageShape({', '.join(map(str, self))})"


@dataclass(frozen=True)
class PixelCodec:
    """How a source stores pixels: their type, and the values that become -1 and 1.

    Networks, losses and metrics see float32 in [-1, 1]. `gan-run sample --out x.npz` stores what the source has.
    """

    dtype: PixelType = "uint8"
    low: float = 0.0
    """The value that becomes -1."""
    high: float = 255.0
    """The value that becomes 1."""

    @property
    def torch_dtype(self) -> torch.dtype:
        """The torch type of stored pixels."""
        dtype = getattr(torch, self.dtype)
        assert isinstance(dtype, torch.dtype)
        return dtype

    def decode(self, pixels: Tensor) -> Tensor:
        """Convert stored pixels to the range of networks.

        Args:
            pixels: (N, C, …), from `low` to `high`.

        Returns:
            A new float32 tensor of the same shape in [-1, 1].
        """
        scale = 2 / (self.high - self.low)
        return pixels.to(torch.float32, copy=True).mul_(scale).sub_(1 + self.low * scale)

    def encode(self, images: Tensor) -> Tensor:
        """Convert images to stored pixels.

        Args:
            images: Float (N, C, …) in [-1, 1]; values outside are clipped.

        Returns:
            A new tensor of the stored type, rounded to the nearest value if that is an integer type.
        """
        pixels = images.float().clamp(-1, 1).add_(1).mul_((self.high - self.low) / 2)
        if self.low:
            pixels.add_(self.low)
        return pixels if self.dtype == "float32" else pixels.round_().to(self.torch_dtype)


UINT8 = PixelCodec()
"""8 bits per channel, 0 to 255."""


def to_float(images: Tensor) -> Tensor:
    """Convert 8-bit pixels to the range of networks.

    Args:
        images: (N, C, …) in [0, 255], as a rule uint8.

    Returns:
        A new float32 tensor of the same shape in [-1, 1].
    """
    return UINT8.decode(images)


def to_uint8(images: Tensor) -> Tensor:
    """Convert images to 8-bit pixels, as pictures have them.

    Args:
        images: Float (N, C, …) in [-1, 1]; values outside are clipped.

    Returns:
        A new uint8 tensor of the same shape in [0, 255], rounded to the nearest value.
    """
    return UINT8.encode(images)


def resize_pixels(pixels: Tensor, side: int) -> Tensor:
    """Resize images to squares, with a bicubic antialiasing filter, as Pillow's.

    Args:
        pixels: uint8 (N, C, H, W).
        side: Height and width of the resized images, in pixels.

    Returns:
        uint8 (N, C, side, side); `pixels` itself where it has this size.
    """
    if pixels.shape[-2:] == (side, side):
        return pixels
    return F.interpolate(pixels, size=(side, side), mode="bicubic", antialias=True)
