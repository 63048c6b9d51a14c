"""Images that stay in their file."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from gan_run.core.errors import DataError
from gan_run.core.image import ImageShape


class StoredImages:
    """uint8 images one after another in a file, read when they are asked for: memory holds no more than was asked for,
    and what the system has left keeps the file's pages at hand."""

    def __init__(self, file: Path, image: ImageShape, rows: Sequence[int], offset: int = 0) -> None:
        """Those at `rows` of the images that begin `offset` bytes into `file`."""
        self._file = file
        self._image = image
        self._rows = rows
        self._offset = offset

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, C, H, W)"""
        return len(self), *self._image

    def select(self, rows: Sequence[int]) -> "StoredImages":
        """Those at `rows` of these."""
        return StoredImages(self._file, self._image, [self._rows[row] for row in rows], self._offset)

    def part(self, rows: slice) -> "StoredImages":
        """These from one row to another."""
        return StoredImages(self._file, self._image, self._rows[rows], self._offset)

    def read(self, at: Tensor) -> Tensor:
        """The images at `at` (N,), uint8 (N, C, H, W). Raises DataError."""
        images = torch.empty((len(at), *self._image), dtype=torch.uint8)
        length = self._image.channels * self._image.height * self._image.width
        try:
            # Unbuffered: a buffer would read ahead what nobody asked for.
            with self._file.open("rb", buffering=0) as file:
                for image, row in zip(images.numpy(), at.tolist(), strict=True):
                    file.seek(self._offset + self._rows[row] * length)
                    if file.readinto(memoryview(image).cast("B")) != length:
                        raise DataError(f"{self._file} ends before image {self._rows[row]}")
        except OSError as error:
            raise DataError(f"{self._file} cannot be read ({error})") from error
        return images
