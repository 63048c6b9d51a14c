"""The real images of a score: the reference, and others that are compared with it as generated ones are."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import torch
from torch import Tensor

from gan_run import ImageSet, Split, Splits, permutation

HASHED_AT_ONCE = 2**26
"""Pixels in memory while images are hashed."""


@dataclass(frozen=True)
class RealImages:
    """Some images of a split, mirrored copies left out."""

    split: Split
    images: ImageSet

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the stored pixels, in order, and of how they are stored."""
        return hash_images(self.images)

    def batches(self, size: int) -> Iterator[Tensor]:
        """The images in [-1, 1], `size` at once."""
        for rows in torch.split(torch.arange(self.images.count, device=self.images.index_device), size):
            yield self.images.batch(rows).images


def hash_images(images: ImageSet) -> str:
    """SHA-256 of the stored pixels of images, in order, and of how they are stored."""
    digest = sha256(f"{tuple(images.image)} {images.codec}".encode())
    at_once = max(1, HASHED_AT_ONCE // math.prod(images.image))
    for rows in torch.split(torch.arange(images.count, device=images.index_device), at_once):
        digest.update(images.gather(rows).cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def reference_images(data: Splits, split: Split, at_most: int | None) -> RealImages:
    """The images of a split, or a fixed random part of them."""
    return _part(split, data[split], at_most)


def comparable_images(data: Splits, reference: RealImages, at_most: int) -> tuple[RealImages, RealImages]:
    """Real images to compare with the reference as generated ones are, and what they are compared with.

    Args:
        data: The dataset.
        reference: The reference.
        at_most: The number of images to compare: that of the generated ones.

    Returns:
        Images of the test split and the reference, or of the training split if the reference is of another; the two
        halves of the reference where there is no other split.
    """
    other: Split = "test" if reference.split == "train" else "train"
    if data.info.sizes.get(other, 0):
        return _part(other, data[other], at_most), reference
    rows = permutation(reference.images.count, "fidelity", "halves")
    first, second = (RealImages(reference.split, reference.images.select(half)) for half in rows.tensor_split(2))
    return first, second


def _part(split: Split, images: ImageSet, at_most: int | None) -> RealImages:
    if at_most is None or images.count <= at_most:
        return RealImages(split, images.select(slice(None)))
    return RealImages(split, images.select(permutation(images.count, "fidelity", split)[:at_most]))
