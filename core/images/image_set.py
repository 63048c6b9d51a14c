"""One split of a data source, in memory or in a file, and its batches."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.device import copy_to
from gan_run.core.base.errors import DataError
from gan_run.core.base.image import ImageShape, to_float
from gan_run.core.images.stored_images import StoredImages


class Batch(NamedTuple):
    """A batch of real images."""

    images: Tensor
    """float (N, C, H, W) in [-1, 1]"""
    labels: Tensor | None
    """int64 (N,), or None where the data has no labels"""


class ImageSet:
    """The images of one split, with what is known of each.

    Args:
        images: uint8 (M, C, H, W), in memory, or images in a file, which are read batch by batch.
        labels: int64 (M,), the class of each image; None where classes are unknown.
        mirrored: whether every image counts twice, the second time flipped left to right (x-flip of StyleGAN2-ADA). The
            order of the batches decides which copy is used, so mirroring needs no random draws of its own.
        factors: float (M, K), a column for each of `DataInfo.factors`; None where there are none.

    Raises:
        DataError: The images have another type or shape, or labels or factors are not one for each image.
    """

    def __init__(
        self,
        images: Tensor | StoredImages,
        labels: Tensor | None = None,
        mirrored: bool = False,
        factors: Tensor | None = None,
    ) -> None:
        if len(images.shape) != 4 or images.dtype != torch.uint8:
            raise DataError(f"images: uint8 (M, C, H, W) is needed, not {images.dtype} {tuple(images.shape)}")
        for name, known in (("labels", labels), ("factors", factors)):
            if known is not None and len(known) != len(images):
                raise DataError(f"{name}: there are {len(known)} of them for {len(images)} images")
        self._images = images
        self.labels = labels
        self.mirrored = mirrored
        self.factors = factors

    def __len__(self) -> int:
        return self.count * (2 if self.mirrored else 1)

    @property
    def count(self) -> int:
        """The number of images, mirrored copies not counted."""
        return len(self._images)

    @property
    def image(self) -> ImageShape:
        """The shape of each image."""
        return ImageShape(*self._images.shape[1:])

    @property
    def images(self) -> Tensor:
        """All images, uint8 (M, C, H, W). Images in a file are read into memory; `gather` reads only some of them."""
        return self.gather(torch.arange(self.count)) if isinstance(self._images, StoredImages) else self._images

    @property
    def index_device(self) -> torch.device:
        """Where indices belong: the device of images in memory, else the CPU, which reads the file."""
        return torch.device("cpu") if isinstance(self._images, StoredImages) else self._images.device

    def gather(self, at: Tensor) -> Tensor:
        """The images at `at` (N,), on `index_device`: uint8 (N, C, H, W)."""
        return self._images[at]

    def to(self, device: torch.device) -> "ImageSet":
        """The same images on `device`. Images in a file are copied there batch by batch."""
        return self._with(self._images.to(device), lambda known: known.to(device), self.mirrored)

    def batch(self, indices: Tensor) -> Batch:
        """The batch of some images.

        Args:
            indices: int64 (N,) on `index_device`, from 0 to `len(self) - 1`.

        Returns:
            Images in [-1, 1] with their labels, on the device of the set.
        """
        at = indices % self.count
        images = to_float(self.gather(at))
        if self.mirrored:
            flip = copy_to(indices >= self.count, images.device).view(-1, 1, 1, 1)
            images = torch.where(flip, images.flip(3), images)
        return Batch(images, None if self.labels is None else self.labels[copy_to(at, self.labels.device)])

    def split_off(self, last: int) -> tuple["ImageSet", "ImageSet"]:
        """Split into all but the `last` images, and the last ones, which are not mirrored."""
        cut = self.count - last
        return self._part(slice(cut), self.mirrored), self._part(slice(cut, None), False)

    def _part(self, rows: slice, mirrored: bool) -> "ImageSet":
        return self._with(self._images[rows], lambda known: known[rows], mirrored)

    def _with(self, images: Tensor | StoredImages, change: Callable[[Tensor], Tensor], mirrored: bool) -> "ImageSet":
        labels, factors = (None if known is None else change(known) for known in (self.labels, self.factors))
        return ImageSet(images, labels, mirrored, factors)
