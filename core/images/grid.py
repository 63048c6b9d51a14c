"""Images as one picture: a grid, magnified if they are small."""

import math
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from gan_run.core.base.errors import DataError
from gan_run.core.base.image import ImageShape, to_uint8
from gan_run.core.base.system_errors import naming

if TYPE_CHECKING:
    from PIL import Image

CELL = 56
"""Pixels that the shorter side of a cell has at least, unless its longer side would have more than `LARGEST`."""
LARGEST = 512
"""Pixels up to which the longer side of a cell is magnified."""
LONGEST = 65_000
"""Pixels of a side of a picture at most: JPEG and matplotlib hold 2^16."""
MOST = 2**27
"""Pixels of a picture at most: 400 MB of RGB."""
GAP = 2
"""Pixels between and around cells."""
SHOWN_AS_THEY_ARE = (1, 3, 4)
"""Numbers of channels that a picture has: grey, colour, colour and opacity."""


def image_grid(images: Tensor, columns: int, channels: Sequence[int] | None = None) -> Tensor:
    """Arrange images row by row on white.

    Images smaller than 56 pixels are magnified by a whole number, so that their pixels stay sharp in any viewer.

    Args:
        images: Float (N, C, H, W) in [-1, 1].
        columns: How many images are in a row.
        channels: The channels that are shown as red, green and blue. By default grey, colour and RGBA images are shown
            as they are, and the first three channels of others.

    Returns:
        One picture, uint8 (C', H', W'): 3 channels, or 4 of RGBA images.

    Raises:
        DataError: The images are no pictures, have no such channel, or the picture would be too large.
    """
    # torchvision takes over a second to import, and every command loads the plugins that use this.
    from torchvision.utils import make_grid

    if problem := why_not_shown(ImageShape(*images.shape[1:]), channels):
        raise DataError(problem)
    shown = images[:, list(shown_channels(images.shape[1], channels))]
    check_grid(ImageShape(*images.shape[1:]), len(images), columns)
    factor = magnification(images.shape[2:])
    large = to_uint8(shown).repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)
    grid: Tensor = make_grid(large, nrow=columns, padding=GAP, pad_value=255)
    return grid


def picture_of(image: Tensor, channels: Sequence[int] | None = None) -> Tensor:
    """One image in its own size, for `save_png`.

    Args:
        image: Float (C, H, W) in [-1, 1].
        channels: The channels that are shown, as for `image_grid`.

    Returns:
        uint8 (C', H, W).

    Raises:
        DataError: The image is no picture, or has no such channel.
    """
    if problem := why_not_shown(ImageShape(*image.shape), channels):
        raise DataError(problem)
    return to_uint8(image[list(shown_channels(image.shape[0], channels))])


def why_not_shown(image: ImageShape, channels: Sequence[int] | None = None) -> str | None:
    """Why images cannot be drawn; None if they can.

    Args:
        image: Their shape.
        channels: As for `image_grid`.
    """
    if not image.is_picture:
        return f"images of {image} are no pictures: only two spatial axes can be drawn"
    if channels is not None and (len(channels) != 3 or not all(0 <= number < image.channels for number in channels)):
        return f"channels: three of 0 to {image.channels - 1} are needed, not {', '.join(map(str, channels))}"
    return None


def shown_channels(count: int, channels: Sequence[int] | None = None) -> Sequence[int]:
    """The channels that a picture of images of `count` channels shows: all of grey, colour and RGBA images, the first
    three of others. Of two, the second is green and blue."""
    if channels is not None:
        return channels
    return range(count) if count in SHOWN_AS_THEY_ARE else [min(number, count - 1) for number in range(3)]


def check_grid(image: ImageShape, count: int, columns: int) -> None:
    """Refuse a picture of more images than a file can hold, before they are generated.

    Args:
        image: The shape of the images.
        count: How many there are.
        columns: How many are in a row.

    Raises:
        DataError: The images are no pictures, or a side or the whole would have too many pixels.
    """
    if problem := why_not_shown(image):
        raise DataError(problem)
    factor = magnification(image.size)
    numbers = (math.ceil(count / columns), min(count, columns))
    height, width = (GAP + number * (side * factor + GAP) for number, side in zip(numbers, image.size, strict=True))
    if max(height, width) > LONGEST or height * width > MOST:
        raise DataError(
            f"a picture of {count} images of {image} would have {width}x{height} pixels: the most are {LONGEST:,} in a "
            f"row and {MOST:,} in all; draw fewer"
        )


def magnification(size: Sequence[int]) -> int:
    """The whole number by which `image_grid` magnifies images of `size`, (H, W), in each direction."""
    height, width = size
    return max(1, min(math.ceil(CELL / min(height, width)), LARGEST // max(height, width)))


def save_png(picture: Tensor, path: Path | str) -> None:
    """Write a picture, uint8 (C, H, W), as PNG whatever the suffix of `path`."""
    _write(picture, Path(path), "PNG")


def save_picture(picture: Tensor, path: Path) -> None:
    """Write a picture in the format that the suffix of the file names.

    Args:
        picture: uint8 (C, H, W).
        path: The file: .png, .jpg, .webp or another format of Pillow.

    Raises:
        DataError: Pillow writes no such format, or not such a picture.
    """
    from PIL import Image

    try:
        _write(picture, path, Image.registered_extensions()[path.suffix.lower()])
    except (ValueError, KeyError) as error:
        raise DataError(f"{path}: the picture cannot be written ({error})") from None


def _write(picture: Tensor, path: Path, file_format: str) -> None:
    """Write a file at once: Pillow's own errors do not say that the disk is full."""
    content = BytesIO()
    try:
        pillow_image(picture).save(content, format=file_format)
    except OSError as error:
        raise DataError(f"{path}: the picture cannot be written ({error})") from None
    with naming(path):
        path.write_bytes(content.getvalue())


def picture_suffixes() -> frozenset[str]:
    """The suffixes of files, in small letters, that `save_picture` may write."""
    from PIL import Image

    formats = Image.registered_extensions()
    return frozenset(suffix for suffix, name in formats.items() if name in Image.SAVE)


def pillow_image(picture: Tensor) -> "Image.Image":
    """A picture, uint8 (C, H, W), as Pillow has it."""
    from PIL import Image

    pixels = picture[0] if len(picture) == 1 else picture.permute(1, 2, 0)
    return Image.fromarray(pixels.numpy())
