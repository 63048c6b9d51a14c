"""Images that stay in their file and are read batch by batch."""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

import torch
from torch import Tensor

from gan_run.core.base.device import copy_to
from gan_run.core.base.errors import DataError
from gan_run.core.base.image import ImageShape


class StoredImages:
    """uint8 images stored one after another in a file, indexed like a tensor (M, C, H, W).

    An index reads the images that it selects, so memory holds one batch. The system's page cache keeps recently read
    parts of the file.
    """

    dtype = torch.uint8

    def __init__(
        self, file: Path, image: ImageShape, rows: Sequence[int], offset: int = 0, device: torch.device | None = None
    ) -> None:
        """Select images of a file.

        Args:
            file: the file, in which images of equal size follow each other without gaps.
            image: the shape of each image.
            rows: the numbers of the selected images in the file, from 0.
            offset: the number of bytes before the first image.
            device: where images are copied to after reading; None for the CPU.
        """
        self._file = file
        self._image = image
        self._rows = rows
        self._offset = offset
        self._device = device or torch.device("cpu")

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, C, H, W)"""
        return len(self), *self._image

    def to(self, device: torch.device) -> "StoredImages":
        """The same images, which are copied to `device` after reading."""
        return StoredImages(self._file, self._image, self._rows, self._offset, device)

    def select(self, rows: Sequence[int]) -> "StoredImages":
        """The images at `rows` of this selection, still in the file."""
        return self._at([self._rows[row] for row in rows])

    @overload
    def __getitem__(self, at: Tensor) -> Tensor: ...
    @overload
    def __getitem__(self, at: slice) -> "StoredImages": ...
    def __getitem__(self, at: Tensor | slice) -> "Tensor | StoredImages":
        """Read images, or select a range of rows.

        Args:
            at: int64 (N,) to read those images; a slice to select rows that stay in the file.

        Returns:
            uint8 (N, C, H, W) on the device, or a selection.

        Raises:
            DataError: the file cannot be read or is too short.
        """
        return self._at(self._rows[at]) if isinstance(at, slice) else copy_to(self._read(at), self._device)

    def _at(self, rows: Sequence[int]) -> "StoredImages":
        return StoredImages(self._file, self._image, rows, self._offset, self._device)

    def _read(self, at: Tensor) -> Tensor:
        images = torch.empty((len(at), *self._image), dtype=torch.uint8)
        length = self._image.channels * self._image.height * self._image.width
        try:
            # Unbuffered: a buffer would read ahead beyond the selected image.
            with self._file.open("rb", buffering=0) as file:
                for image, row in zip(images.numpy(), at.tolist(), strict=True):
                    file.seek(self._offset + self._rows[row] * length)
                    if file.readinto(memoryview(image).cast("B")) != length:
                        raise DataError(f"{self._file} ends before image {self._rows[row]}")
        except OSError as error:
            raise DataError(f"{self._file} cannot be read ({error})") from error
        return images
