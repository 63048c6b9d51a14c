"""How many images go through the networks at once, so that memory is bounded."""

import math

from gan_run.core.base.image import ImageShape

CHUNK = 500
"""Images in one forward pass, unless that many exceed CHUNK_PIXELS."""
CHUNK_PIXELS = CHUNK * 64 * 64
"""Pixels (height times width) in one forward pass. 32 channels of them at float32 are 260 MB."""


def chunk_size(image: ImageShape, at_most: int) -> int:
    """The number of images in one forward pass.

    Args:
        image: Shape of an image.
        at_most: The number for small images.

    Returns:
        `at_most`, or the number of images that have CHUNK_PIXELS pixels if that is less; at least 2, since batch norm
        has no variance over one vector.
    """
    return min(at_most, max(2, CHUNK_PIXELS // math.prod(image.size)))
