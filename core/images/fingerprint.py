"""A fingerprint of the images of a split: it tells other images from the same ones, wherever they lie."""

import math
from hashlib import blake2b

import torch
from torch import Tensor

from gan_run.core.images.image_set import ImageSet

BUDGET = 64 * 2**20
"""The bytes of pixels that are read. Of a larger set that is a sample of its images, evenly spaced."""
CHUNK = 1024
"""Images that are read at once."""


def fingerprint(images: ImageSet) -> dict[str, str]:
    """The digests of a split's pixels and of its columns.

    Args:
        images: The split, on the CPU.

    Returns:
        The digest of `images` and of `columns`, in hexadecimal. Neither depends on names, places or times of files.
    """
    pixels, columns = blake2b(digest_size=16), blake2b(digest_size=16)
    rows = _sampled(images)
    for start in range(0, len(rows), CHUNK):
        pixels.update(_bytes(images.gather(rows[start : start + CHUNK])))
    for name in sorted(images.columns):
        columns.update(name.encode() + b"\0")
        columns.update(_bytes(images.columns[name]))
    return {"images": pixels.hexdigest(), "columns": columns.hexdigest()}


def _sampled(images: ImageSet) -> Tensor:
    """The numbers of the images that are read."""
    one = math.prod(images.image) * images.codec.torch_dtype.itemsize
    count = min(images.count, max(1, BUDGET // one))
    return torch.arange(count) * images.count // count


def _bytes(values: Tensor) -> bytes:
    return values.contiguous().view(torch.uint8).numpy().tobytes() if values.numel() else b""
