"""One split of a data source, in memory or in a store, and its batches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.device import copy_to
from gan_run.core.base.errors import DataError
from gan_run.core.base.image import UINT8, ImageShape, PixelCodec
from gan_run.core.images.columns import LABEL, Columns
from gan_run.core.images.stores import ImageStore, SelectedImages


class Batch(NamedTuple):
    """A batch of real images."""

    images: Tensor
    """Float (N, C, H, W) in [-1, 1]."""
    columns: dict[str, Tensor]
    """What is known of each image, (N, …) by name."""


class ImageSet:
    """The images of one split, with what is known of each.

    Args:
        images: Stored pixels (M, C, H, W) of the codec's type: in memory, or in a store, which is read batch by batch.
        columns: What is known of each image: tensors (M, …) by name. Those of `DataInfo.columns`.
        mirrored: Whether every image counts twice, the second time flipped left to right (x-flip of StyleGAN2-ADA). The
            order of the batches decides which copy is used, so mirroring needs no random draws of its own. A copy has
            the columns of its image.
        codec: How pixels are stored.
        names: The name of each image, such as its file's; None where images have none.
        skipped: How many images, which the split's description counts, were left out since they cannot be read.

    Raises:
        DataError: The images have another type or shape, or a column or `names` is not one for each image.
    """

    def __init__(
        self,
        images: Tensor | ImageStore,
        columns: Columns | None = None,
        mirrored: bool = False,
        codec: PixelCodec = UINT8,
        names: Sequence[str] | None = None,
        skipped: int = 0,
    ) -> None:
        if len(images.shape) < 3 or images.dtype != codec.torch_dtype:
            found = f"{images.dtype} {tuple(images.shape)}"
            raise DataError(f"images: {codec.dtype} (M, C, H, W) is needed, not {found}")
        of_each: dict[str, Tensor | Sequence[str]] = {**(columns or {}), **({} if names is None else {"names": names})}
        for name, known in of_each.items():
            if len(known) != images.shape[0]:
                raise DataError(f"{name}: there are {len(known)} of them for {images.shape[0]} images")
        self._images = images
        self._batches_on: torch.device | None = None
        self.columns = dict(columns or {})
        self.mirrored = mirrored
        self.codec = codec
        self.names = names
        self.skipped = skipped

    def __len__(self) -> int:
        return self.count * (2 if self.mirrored else 1)

    @property
    def count(self) -> int:
        """The number of images, mirrored copies not counted."""
        return self._images.shape[0]

    @property
    def image(self) -> ImageShape:
        """The shape of each image."""
        return ImageShape(*self._images.shape[1:])

    @property
    def labels(self) -> Tensor | None:
        """The column `label`, int64 (M,): the class of each image, -1 where it is not known; None without classes."""
        return self.columns.get(LABEL)

    @property
    def images(self) -> Tensor:
        """All stored pixels, (M, C, H, W). Images in a store are read into memory; `gather` reads some of them."""
        return self._images if isinstance(self._images, Tensor) else self.gather(torch.arange(self.count))

    @property
    def in_memory(self) -> bool:
        """Whether the images are in memory, not in a store."""
        return isinstance(self._images, Tensor)

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        return self._images.device if isinstance(self._images, Tensor) else self._batches_on or torch.device("cpu")

    @property
    def index_device(self) -> torch.device:
        """Where indices belong: the device of images in memory, else the CPU, which reads the store."""
        return self._images.device if isinstance(self._images, Tensor) else torch.device("cpu")

    def gather(self, rows: Tensor) -> Tensor:
        """The stored pixels (N, C, H, W) of the images at `rows` (N,), which is on `index_device`."""
        return copy_to(self._images[rows], self.device)

    def to(self, device: torch.device) -> "ImageSet":
        """The same images on `device`. Images in a store are copied there batch by batch."""
        images = self._images.to(device) if isinstance(self._images, Tensor) else self._images
        columns = {name: column.to(device) for name, column in self.columns.items()}
        moved = ImageSet(images, columns, self.mirrored, self.codec, self.names, self.skipped)
        moved._batches_on = device
        return moved

    def batch(self, indices: Tensor) -> Batch:
        """The batch of some images.

        Args:
            indices: int64 (N,) on `index_device`, from 0 to `len(self) - 1`.

        Returns:
            Images in [-1, 1] with their columns, on the device of the set.
        """
        rows = indices % self.count
        images = self.codec.decode(self.gather(rows))
        if self.mirrored:
            flip = copy_to(indices >= self.count, images.device).view(-1, *(1,) * (images.dim() - 1))
            images = torch.where(flip, images.flip(-1), images)
        at = copy_to(rows, self.device)
        return Batch(images, {name: column[at] for name, column in self.columns.items()})

    def select(self, rows: Tensor | slice, mirrored: bool = False) -> "ImageSet":
        """Some images with their columns and names.

        Args:
            rows: int64 (N,) on the CPU, from 0 to `count - 1`; or a slice, which copies no image in memory.
            mirrored: As in the constructor.

        Returns:
            The images in this order. Images in a store stay there.
        """
        numbers = torch.arange(self.count)[rows]
        at = rows if isinstance(rows, slice) else rows.to(self.device)
        images = self._images
        chosen = images[at] if isinstance(images, Tensor) else SelectedImages(images, numbers)
        columns = {name: column[at] for name, column in self.columns.items()}
        names = None if self.names is None else [self.names[row] for row in numbers.tolist()]
        return ImageSet(chosen, columns, mirrored, self.codec, names, self.skipped)

    def split_off(self, last: int) -> tuple["ImageSet", "ImageSet"]:
        """Split into all but the `last` images, and the last ones, which are not mirrored."""
        cut = self.count - last
        return self.select(slice(cut), self.mirrored), self.select(slice(cut, None))
