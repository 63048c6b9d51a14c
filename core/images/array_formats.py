"""The formats of array files: .npz, .npy, .safetensors and .h5."""

import math
import zipfile
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import safetensors
from numpy.lib import format as npy
from numpy.typing import NDArray

from gan_run.core.base.errors import DataError
from gan_run.core.images.array_file import ArrayFile, ArrayHeader

_open_safetensors: Callable[..., Any] = safetensors.safe_open  # its stubs have no types


_NUMPY_NAMES = {"U": "uint", "I": "int", "F": "float"}
"""The numpy letter of each safetensors type; the number of bits follows it in both."""


def array_file(path: Path) -> ArrayFile:
    """The array file at a path, which need not exist yet.

    Args:
        path: A .npz, .npy, .safetensors or .h5 file.

    Returns:
        A reader of its arrays.

    Raises:
        ValueError: Its name ends otherwise.
    """
    if path.suffix not in FORMATS:
        *others, last = FORMATS
        raise ValueError(f"{path.name} is neither {', '.join(others)} nor {last}")
    return FORMATS[path.suffix](path)


class NumpyFile(ArrayFile):
    """A file whose arrays are stored as numpy's .npy format has them. Pickled objects are refused."""

    @abstractmethod
    def opened(self, key: str) -> AbstractContextManager[IO[bytes]]:
        """Open an array.

        Args:
            key: The array's name.

        Returns:
            A context manager with the content of a .npy file, in which damage is an UnreadableError (`errors`).

        Raises:
            DataError: There is no such array, or no such file.

        Example:
            @contextmanager
            def opened(self, key: str) -> Iterator[IO[bytes]]:
                with self.errors(), (self.path / f"{key}.npy").open("rb") as file:
                    yield file
        """

    def header(self, key: str) -> ArrayHeader:
        with self.opened(key) as file:
            shape, _, dtype = _read_npy_header(file)
        return ArrayHeader(shape, dtype.name)

    def read(self, key: str) -> NDArray[Any]:
        self.check_memory(key, self.header(key))
        with self.opened(key) as file:
            array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
        return array

    def blocks(self, key: str, rows: int) -> Iterator[NDArray[Any]]:
        with self.opened(key) as file:
            shape, column_major, dtype = _read_npy_header(file)
            if column_major or dtype.hasobject:  # rows do not follow one another
                yield from _parts(self.read(key), shape[0], rows)
                return
            for start in range(0, shape[0], rows):
                part = (min(rows, shape[0] - start), *shape[1:])
                content = file.read(math.prod(part) * dtype.itemsize)
                yield np.frombuffer(content, dtype).reshape(part)  # a ValueError where the file is cut short


class NpzFile(NumpyFile):
    """A zip of .npy files, as written by `np.savez` or `np.savez_compressed`."""

    suffix: ClassVar[str] = ".npz"

    @contextmanager
    def opened(self, key: str) -> Iterator[IO[bytes]]:
        with self.errors(), zipfile.ZipFile(self.path) as archive:
            self.find(key, [name.removesuffix(".npy") for name in archive.namelist()])
            with archive.open(f"{key}.npy") as member:
                yield member


class NpyFile(NumpyFile):
    """A .npy file, as written by `np.save`: one array, which is called `images`."""

    suffix: ClassVar[str] = ".npy"
    key: ClassVar[str] = "images"

    @contextmanager
    def opened(self, key: str) -> Iterator[IO[bytes]]:
        with self.errors():
            self.find(key, [self.key])
            with self.path.open("rb") as file:
                yield file


def _read_npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    """Shape, whether it is stored column by column, and type. Raises ValueError."""
    version = npy.read_magic(file)
    if version == (1, 0):
        return npy.read_array_header_1_0(file)
    if version == (2, 0):
        return npy.read_array_header_2_0(file)
    raise ValueError(f"version {version} of the .npy format")


class SafetensorsFile(ArrayFile):
    """A .safetensors file."""

    suffix: ClassVar[str] = ".safetensors"

    def header(self, key: str) -> ArrayHeader:
        with self._slice(key) as found:
            dtype = str(found.get_dtype())
            return ArrayHeader(tuple(found.get_shape()), _NUMPY_NAMES.get(dtype[0], dtype[0]) + dtype[1:])

    def read(self, key: str) -> NDArray[Any]:
        with self.errors(), _open_safetensors(self.path, "numpy") as file:
            self.find(key, list(file.keys()))
            array: NDArray[Any] = file.get_tensor(key)
        return array

    def blocks(self, key: str, rows: int) -> Iterator[NDArray[Any]]:
        with self._slice(key) as found:
            yield from _parts(found, found.get_shape()[0], rows)

    @contextmanager
    def _slice(self, key: str) -> Iterator[Any]:  # safetensors has no types
        with self.errors(), _open_safetensors(self.path, "numpy") as file:
            self.find(key, list(file.keys()))
            yield file.get_slice(key)


class Hdf5File(ArrayFile):
    """An HDF5 file, whose arrays are the datasets of its root. The package h5py is in the extra `hdf5`."""

    suffix: ClassVar[str] = ".h5"

    def header(self, key: str) -> ArrayHeader:
        with self._dataset(key) as found:
            return ArrayHeader(tuple(found.shape), found.dtype.name)

    def read(self, key: str) -> NDArray[Any]:
        self.check_memory(key, self.header(key))
        with self._dataset(key) as found:
            array: NDArray[Any] = found[()]
        return array

    def blocks(self, key: str, rows: int) -> Iterator[NDArray[Any]]:
        with self._dataset(key) as found:
            # A compressed chunk is unpacked whole: parts of whole chunks unpack each once.
            chunk = found.chunks[0] if found.chunks else 1
            yield from _parts(found, found.shape[0], chunk * max(1, rows // chunk))

    @contextmanager
    def _dataset(self, key: str) -> Iterator[Any]:  # h5py has no types
        # h5py takes long to import, and few need it.
        try:
            import h5py
        except ImportError:
            raise DataError(f"{self.path}: HDF5 files need the package h5py: pip install 'gan-run[hdf5]'") from None
        with self.errors(), h5py.File(self.path, "r") as file:
            self.find(key, [name for name, item in file.items() if isinstance(item, h5py.Dataset)])
            yield file[key]


def _parts(array: Any, count: int, rows: int) -> Iterator[NDArray[Any]]:  # anything that takes a slice of rows
    yield from (array[start : min(start + rows, count)] for start in range(0, count, rows))


FORMATS: dict[str, type[ArrayFile]] = {kind.suffix: kind for kind in (NpzFile, NpyFile, SafetensorsFile, Hdf5File)}
