"""Images that stay where they are, in a file or a database, and are read batch by batch."""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from gan_run.core.base.errors import DataError
from gan_run.core.base.image import ImageShape


class ImageStore(Protocol):
    """Random access to the images of a file or a database. Any class with these members is one.

    A memory map, LMDB, Arrow or zarr store takes a few lines. It is read from several threads at once.

    Example:
        class MemoryMap:
            dtype = torch.uint8

            def __init__(self, path: Path) -> None:
                self._pixels = np.load(path, mmap_mode="r")
                self.shape = self._pixels.shape

            def __getitem__(self, rows: Tensor) -> Tensor:
                return torch.from_numpy(self._pixels[rows.numpy()])
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, C, …): the number of images and the shape of each."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """The type of stored pixels."""
        ...

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        """Read some images.

        Args:
            rows: int64 (N,) on the CPU, from 0 to M - 1, in any order.

        Returns:
            Stored pixels (N, C, …) on the CPU.

        Raises:
            DataError: The images cannot be read.
        """
        ...


class SelectedImages:
    """Some images of a store, themselves a store.

    Args:
        store: The store.
        rows: int64 (M,): which of its images, in which order.
    """

    def __init__(self, store: ImageStore, rows: Tensor) -> None:
        self._store = store
        self._rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._rows), *self._store.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        return self._store.dtype

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        return self._store[self._rows[rows]]


class StoredImages:
    """Images stored one after another in a file, without gaps.

    Memory holds one batch. The system's page cache keeps recently read parts of the file.

    Args:
        file: The file.
        image: The shape of each image.
        count: The number of images.
        offset: The number of bytes before the first image.
        dtype: The type of their pixels, in the machine's byte order.
    """

    def __init__(
        self, file: Path, image: ImageShape, count: int, offset: int = 0, dtype: torch.dtype = torch.uint8
    ) -> None:
        self._file = file
        self._image = image
        self._offset = offset
        self.shape = (count, *image)
        self.dtype = dtype

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        """Read images: see `ImageStore`. Raises DataError if the file cannot be read or is too short."""
        images = torch.empty((len(rows), *self._image), dtype=self.dtype)
        try:
            # Unbuffered: a buffer would read ahead beyond the selected image.
            with self._file.open("rb", buffering=0) as file:
                for image, row in zip(images.numpy(), rows.tolist(), strict=True):
                    file.seek(self._offset + row * image.nbytes)
                    if file.readinto(memoryview(image).cast("B")) != image.nbytes:
                        raise DataError(f"{self._file} ends before image {row}")
        except OSError as error:
            raise DataError(f"{self._file} cannot be read ({error})") from error
        return images
