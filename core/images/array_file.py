"""A file of named arrays: the base of its formats."""

import math
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import safetensors
from numpy.typing import NDArray

from gan_run.core.base.errors import DataError, UnreadableError, suggest
from gan_run.core.base.memory import check_fits

READ_ERRORS = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
    safetensors.SafetensorError,
)
"""What the libraries raise for a damaged file; RuntimeError is h5py's."""


class ArrayHeader(NamedTuple):
    """The shape and type of an array."""

    shape: tuple[int, ...]
    dtype: str
    """numpy's name of the type, such as "uint8"."""

    @property
    def size(self) -> int:
        """The bytes of the values; 0 for strings and objects, whose size is not known before."""
        try:
            return math.prod(self.shape) * np.dtype(self.dtype).itemsize
        except TypeError:
            return 0


class ArrayFile(ABC):
    """A file of named arrays; `array_file` opens one.

    Args:
        path: The file.
    """

    suffix: ClassVar[str]
    """How the names of such files end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def header(self, key: str) -> ArrayHeader:
        """Read the shape and type of an array, without its values.

        Args:
            key: The array's name.

        Returns:
            Shape and type.

        Raises:
            DataError: There is no such array, or the file is damaged.

        Example:
            def header(self, key: str) -> ArrayHeader:
                array = self.read(key)
                return ArrayHeader(array.shape, array.dtype.name)
        """

    @abstractmethod
    def read(self, key: str) -> NDArray[Any]:
        """Read an array.

        Args:
            key: The array's name.

        Returns:
            The values.

        Raises:
            DataError: There is no such array, or the file is damaged.

        Example:
            def read(self, key: str) -> NDArray[Any]:
                with self.errors():
                    return np.load(self.path / f"{key}.npy")
        """

    @abstractmethod
    def blocks(self, key: str, rows: int) -> Iterator[NDArray[Any]]:
        """Read an array part by part, so that memory holds one part.

        Args:
            key: The array's name.
            rows: About how many rows a part has.

        Returns:
            The parts, in order.

        Raises:
            DataError: There is no such array, or the file is damaged.

        Example:
            def blocks(self, key: str, rows: int) -> Iterator[NDArray[Any]]:
                array = self.read(key)
                yield from (array[start : start + rows] for start in range(0, len(array), rows))
        """

    @contextmanager
    def errors(self) -> Iterator[None]:
        """A context in which a missing file is a DataError, and a damaged one an UnreadableError."""
        if not self.path.is_file():
            raise DataError(f"{self.path} is {'not a file' if self.path.exists() else 'missing'}")
        try:
            yield
        except DataError:
            raise
        except READ_ERRORS as error:
            raise UnreadableError(f"{self.path} cannot be read ({error})") from None

    def check_memory(self, key: str, header: ArrayHeader) -> None:
        """Refuse an array that memory cannot hold: a header may promise any number. Raises DataError."""
        check_fits(header.size, f"{self.path}: {key!r}")

    def find(self, key: str, keys: list[str]) -> None:
        """Refuse a name that is not among those in the file. Raises UnreadableError."""
        if key not in keys:
            raise UnreadableError(f"{self.path} has no array {key!r}{suggest(key, keys)}")
