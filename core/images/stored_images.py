"""Images that stay in their file."""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

import torch
from torch import Tensor

from gan_run.core.base.errors import DataError
from gan_run.core.base.image import ImageShape


class StoredImages:
    """uint8 images one after another in a file, read when they are asked for: memory holds no more than was asked for,
    and what the system has left keeps the file's pages at hand. To whoever indexes them they are a tensor (M, C, H, W).
    """

    dtype = torch.uint8

    def __init__(
        self, file: Path, image: ImageShape, rows: Sequence[int], offset: int = 0, device: torch.device | None = None
    ) -> None:
        """Those at `rows` of the images that begin `offset` bytes into `file`; they are brought to `device`."""
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
        """The same, brought to `device`."""
        return StoredImages(self._file, self._image, self._rows, self._offset, device)

    def select(self, rows: Sequence[int]) -> "StoredImages":
        """Those at `rows` of these, still in the file."""
        return self._at([self._rows[row] for row in rows])

    @overload
    def __getitem__(self, at: Tensor) -> Tensor: ...
    @overload
    def __getitem__(self, at: slice) -> "StoredImages": ...
    def __getitem__(self, at: Tensor | slice) -> "Tensor | StoredImages":
        """The images at `at` (N,), uint8 (N, C, H, W), or those from one row to another, still in the file. Raises
        DataError."""
        return self._at(self._rows[at]) if isinstance(at, slice) else self._read(at).to(self._device)

    def _at(self, rows: Sequence[int]) -> "StoredImages":
        return StoredImages(self._file, self._image, rows, self._offset, self._device)

    def _read(self, at: Tensor) -> Tensor:
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
