"""Reads one array, or its header alone, from a .npz or .safetensors file."""

import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import safetensors
from numpy.lib import format as npy

from gan_run import DataError, suggest

_open_safetensors: Callable[..., Any] = safetensors.safe_open  # its stubs have no types


_NUMPY_NAMES = {"U": "uint", "I": "int", "F": "float"}
"""The numpy letter of each safetensors type; the number of bits follows it in both."""


class Header(NamedTuple):
    """The shape and type of an array."""

    shape: tuple[int, ...]
    dtype: str


class ArrayFile(ABC):
    """A file of named arrays."""

    suffix: str

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def header(self, key: str) -> Header:
        """Read the shape and type of an array, without its values.

        Args:
            key: The array's name.

        Returns:
            Shape and type.

        Raises:
            DataError: There is no such array, or the file is damaged.
        """

    @abstractmethod
    def read(self, key: str) -> "np.ndarray[Any, np.dtype[Any]]":
        """Read an array.

        Args:
            key: The array's name.

        Returns:
            The values.

        Raises:
            DataError: There is no such array, or the file is damaged.
        """

    @contextmanager
    def _errors(self) -> Iterator[None]:
        if not self.path.is_file():
            raise DataError(f"data.path: {self.path} is {'not a file' if self.path.exists() else 'missing'}")
        try:
            yield
        except DataError:
            raise
        except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, safetensors.SafetensorError) as error:
            raise DataError(f"{self.path} cannot be read ({error})") from None

    def _find(self, key: str, keys: list[str]) -> None:
        if key not in keys:
            raise DataError(f"{self.path} has no array {key!r}{suggest(key, keys)}")


class NpzFile(ArrayFile):
    """A zip of .npy files, as written by `np.savez` or `np.savez_compressed`. Pickled objects are refused."""

    suffix = ".npz"

    def header(self, key: str) -> Header:
        with self._errors(), zipfile.ZipFile(self.path) as archive:
            self._find(key, [name.removesuffix(".npy") for name in archive.namelist()])
            with archive.open(f"{key}.npy") as member:
                shape, dtype = _read_npy_header(member)
        return Header(shape, dtype.name)

    def read(self, key: str) -> "np.ndarray[Any, np.dtype[Any]]":
        with self._errors(), np.load(self.path, allow_pickle=False) as arrays:
            self._find(key, list(arrays))
            array: np.ndarray[Any, np.dtype[Any]] = arrays[key]
        return array


def _read_npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    version = npy.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = npy.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = npy.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version} of the .npy format")
    return shape, dtype


class SafetensorsFile(ArrayFile):
    """A .safetensors file."""

    suffix = ".safetensors"

    def header(self, key: str) -> Header:
        with self._errors(), _open_safetensors(self.path, "numpy") as file:
            self._find(key, list(file.keys()))
            found = file.get_slice(key)
            dtype = str(found.get_dtype())
            return Header(tuple(found.get_shape()), _NUMPY_NAMES.get(dtype[0], dtype[0]) + dtype[1:])

    def read(self, key: str) -> "np.ndarray[Any, np.dtype[Any]]":
        with self._errors(), _open_safetensors(self.path, "numpy") as file:
            self._find(key, list(file.keys()))
            array: np.ndarray[Any, np.dtype[Any]] = file.get_tensor(key)
        return array


FORMATS = {kind.suffix: kind for kind in (NpzFile, SafetensorsFile)}
