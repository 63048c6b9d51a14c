"""The base of lattices in one file: an array of images, and a table of their factors."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_run import (
    ArrayFile,
    Column,
    Columns,
    DataError,
    ImageShape,
    SpecPath,
    Unpacking,
    UnreadableError,
    array_file,
    damaged_file,
)
from gan_run.plugins.data.ground_truth.lattice import Lattice

BLOCK = 2048
"""About how many images are in memory while the file is unpacked."""
SIDE = 64


class TableFile(Lattice, ABC):
    """A lattice of 64x64 images in one published file."""

    root: SpecPath
    file_name: ClassVar[str]
    images: ClassVar[str]
    """Name of the array of images, uint8 (M, 64, 64) or (M, 64, 64, 3)."""
    channels: ClassVar[int]
    table: ClassVar[str]
    """Name of the array of factors, (M, 6)."""
    factors: ClassVar[Mapping[str, Column]]

    @abstractmethod
    def fetch(self, path: Path) -> None:
        """Download the file, or say how to get it.

        Args:
            path: The file, which is missing.

        Raises:
            DataError: It is not downloaded.

        Example:
            def fetch(self, path: Path) -> None:
                raise DataError(f"{path} is missing: download {self.file_name} from its authors' page")
        """

    @abstractmethod
    def columns_of(self, table: NDArray[np.float64]) -> list[NDArray[Any]]:
        """Compute the values of the factors from the file's table.

        Args:
            table: The array `table` of the file, (M, 6).

        Returns:
            The values of each factor, (M,), in the order of `factors`.

        Example:
            def columns_of(self, table: NDArray[np.float64]) -> list[NDArray[Any]]:
                return [table[:, 0].astype(int), table[:, 1]]
        """

    def columns(self) -> Mapping[str, Column]:
        return self.factors

    def values(self) -> Columns:
        with self._damaged():
            table = self._file().read(self.table).astype(np.float64)
        found = dict(zip(self.factors, map(torch.tensor, self.columns_of(table)), strict=True))
        for name, column in self.factors.items():
            if mistake := column.mistake_in(found[name]):
                raise damaged_file(self.path, f"of the factor {name} it has {mistake}")
        return found

    def unpacking(self) -> Unpacking:
        if not self.path.is_file():
            self.fetch(self.path)
        file, image = self._file(), ImageShape(self.channels, SIDE, SIDE)
        with self._damaged():
            pixels, table = file.header(self.images), file.header(self.table)
        count = pixels.shape[0] if pixels.shape else 0
        expected = (count, SIDE, SIDE) if self.channels == 1 else (count, SIDE, SIDE, self.channels)
        if pixels.shape != expected or pixels.dtype != "uint8" or not count:
            raise damaged_file(self.path, f"{self.images} is {pixels.dtype} {pixels.shape}, not uint8 {expected}")
        if table.shape != (count, 6):
            raise damaged_file(self.path, f"{self.table} has shape {table.shape}, not {(count, 6)}")
        return Unpacking([self.path], image, count, {"source": self.name()}, lambda: self._blocks(file))

    def _blocks(self, file: ArrayFile) -> Iterator[Tensor]:
        with self._damaged():
            for block in file.blocks(self.images, BLOCK):
                if (high := int(block.max())) > self.codec.high:
                    raise damaged_file(self.path, f"{self.images} has pixels up to {high}, not {self.codec.high:g}")
                pixels = block.reshape(-1, SIDE, SIDE, self.channels)
                yield torch.from_numpy(np.array(pixels.transpose(0, 3, 1, 2)))

    @property
    def path(self) -> Path:
        """The file, which may be missing."""
        return self.root / self.file_name

    def _file(self) -> ArrayFile:
        return array_file(self.path)

    @contextmanager
    def _damaged(self) -> Iterator[None]:
        try:
            yield
        except UnreadableError as error:
            raise DataError(f"{error}: delete it and fetch {self.file_name} again") from None
