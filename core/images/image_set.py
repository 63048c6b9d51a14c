"""One split of a source, in memory or in a file, and the batches that are made of it."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.image import to_float
from gan_run.core.images.stored_images import StoredImages


class Batch(NamedTuple):
    """Images float (N, C, H, W) in [-1, 1]; labels int64 (N,) or None."""

    images: Tensor
    labels: Tensor | None


class ImageSet:
    """One split: images uint8 (M, C, H, W), labels int64 (M,) or None, factors float (M, K) or None.

    `mirrored` counts every image twice, the second time flipped left to right (StyleGAN2-ADA's x-flip), so that
    mirroring needs no randomness of its own. Images that stay in their file are read batch by batch.
    """

    def __init__(
        self,
        images: Tensor | StoredImages,
        labels: Tensor | None = None,
        mirrored: bool = False,
        factors: Tensor | None = None,
    ) -> None:
        assert len(images.shape) == 4
        assert images.dtype == torch.uint8
        for known in (labels, factors):
            assert known is None or len(known) == len(images)
        self._images = images
        self.labels = labels
        self.mirrored = mirrored
        self.factors = factors

    def __len__(self) -> int:
        return self.count * (2 if self.mirrored else 1)

    @property
    def count(self) -> int:
        """How many images there are, mirrored copies left out."""
        return len(self._images)

    @property
    def images(self) -> Tensor:
        """All of them, (M, C, H, W): into memory, if they were in a file. `gather` gives some."""
        return self.gather(torch.arange(self.count)) if isinstance(self._images, StoredImages) else self._images

    def gather(self, at: Tensor) -> Tensor:
        """The images at `at` (N,), uint8 (N, C, H, W). Indices may stay on the CPU, wherever the images are."""
        return self._images[at]

    def to(self, device: torch.device) -> "ImageSet":
        """The same images on `device`; those in a file come there batch by batch."""
        return self._with(self._images.to(device), lambda known: known.to(device), self.mirrored)

    def batch(self, indices: Tensor) -> Batch:
        """The images at `indices` (N,), normalised in bulk."""
        at = indices % self.count
        images = to_float(self.gather(at))
        if self.mirrored:
            flip = (indices >= self.count).view(-1, 1, 1, 1).to(images.device)
            images = torch.where(flip, images.flip(3), images)
        return Batch(images, None if self.labels is None else self.labels[at])

    def split_off(self, last: int) -> tuple["ImageSet", "ImageSet"]:
        """All but the `last` images, and those, which are not mirrored."""
        cut = self.count - last
        return self._part(slice(cut), self.mirrored), self._part(slice(cut, None), False)

    def _part(self, rows: slice, mirrored: bool) -> "ImageSet":
        return self._with(self._images[rows], lambda known: known[rows], mirrored)

    def _with(self, images: Tensor | StoredImages, change: Callable[[Tensor], Tensor], mirrored: bool) -> "ImageSet":
        labels, factors = (None if known is None else change(known) for known in (self.labels, self.factors))
        return ImageSet(images, labels, mirrored, factors)
