"""How much of their range the pixels of a dataset use: 0 and 1, of 0 to 255, are black to the networks."""

import logging
from typing import NamedTuple

import torch

from gan_run.core.base.errors import DataError
from gan_run.core.images.image_set import ImageSet

ONE_SHADE = 0.01
"""Pixels that differ by less than this fraction of their range are one shade: 1 of 255 does, as 255 of 65535."""
DARK = 1 / 8
"""Pixels up to this fraction of their range may be of fewer bits: 12 of 16, or 4 of 8."""
SAMPLE = 1024
"""Images that are looked at first; all others only where these are suspicious."""


logger = logging.getLogger("gan_run")


class PixelRange(NamedTuple):
    """The lowest and the highest stored value of a dataset."""

    low: float
    high: float


def check_range(images: ImageSet, *, has_field: bool) -> None:
    """Refuse pixels that networks would see as one shade, and warn of dark ones.

    Args:
        images: The training images, on the CPU.
        has_field: Whether their source has a field `range`, for the remedy.

    Raises:
        DataError: They are one shade.
    """
    codec, found = images.codec, pixel_range(images)
    values = f"the pixels of the training images are {found.low:g} to {found.high:g}"
    if is_one_shade(images, found):
        remedy = f"set data.range to [{found.low:g}, {found.high:g}]" if has_field else f"scale them to {codec.high:g}"
        raise DataError(f"data: {values}, of {codec.low:g} to {codec.high:g}, one shade to the networks: {remedy}")
    if uses_little(images, found) and found.high > found.low:
        remedy = "set data.range" if has_field else "scale them"
        logger.warning(
            "data: %s, of %g to %g, so they are dark: %s if that is their whole range",
            values,
            codec.low,
            codec.high,
            remedy,
        )


def pixel_range(images: ImageSet) -> PixelRange:
    """The values of some images, or of all where those use little of their range.

    Args:
        images: The images, on the CPU.

    Returns:
        The lowest and the highest value; if it is less than `DARK` of the codec's range, that of all images.
    """
    count = images.count
    found = _range_of(images, torch.arange(min(count, SAMPLE)) * count // min(count, SAMPLE))
    for start in range(0, count, SAMPLE):
        if not uses_little(images, found):
            break
        part = _range_of(images, torch.arange(start, min(start + SAMPLE, count)))
        found = PixelRange(min(found.low, part.low), max(found.high, part.high))
    return found


def uses_little(images: ImageSet, found: PixelRange) -> bool:
    """Whether these values are less than `DARK` of the range, from its low end."""
    codec = images.codec
    return found.high - codec.low < DARK * (codec.high - codec.low)


def is_one_shade(images: ImageSet, found: PixelRange) -> bool:
    """Whether these values, which differ, are less than `ONE_SHADE` of the range."""
    return 0 < found.high - found.low < ONE_SHADE * (images.codec.high - images.codec.low)


def _range_of(images: ImageSet, rows: torch.Tensor) -> PixelRange:
    values = images.gather(rows).numpy()  # torch has no minimum of uint16
    return PixelRange(float(values.min()), float(values.max()))
