"""IDX files, raw or gzipped: a magic number, the sizes as big-endian 32-bit integers, then the bytes."""

import io
import struct
from pathlib import Path

import torch
from torch import Tensor

from gan_run import ArrayHeader, read_binary_array, read_binary_header, read_exactly

UNSIGNED_BYTES = 0x0800
"""The magic number of unsigned bytes; the number of dimensions is added to it."""


def read_shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """Read the header alone of an IDX file.

    Args:
        path: The file.
        dimensions: How many dimensions the array must have.

    Returns:
        The array's shape as the header states it.

    Raises:
        DataError: The file is damaged or is not an IDX file of unsigned bytes with `dimensions` dimensions.
    """
    return read_binary_header(path, lambda file: _read_header(file, dimensions)).shape


def read_array(path: Path, dimensions: int) -> Tensor:
    """Read a whole IDX file.

    Args:
        path: The file.
        dimensions: How many dimensions the array must have.

    Returns:
        The array, uint8, in the shape that the header states.

    Raises:
        DataError: The file is damaged or is not an IDX file of unsigned bytes with `dimensions` dimensions.
    """
    return torch.from_numpy(read_binary_array(path, lambda file: _read_header(file, dimensions)))


def _read_header(file: io.BufferedIOBase, dimensions: int) -> ArrayHeader:
    magic, *shape = struct.unpack(f">{1 + dimensions}I", read_exactly(file, 4 * (1 + dimensions)))
    if magic != UNSIGNED_BYTES + dimensions:
        raise ValueError(f"its magic number is {magic}, not {UNSIGNED_BYTES + dimensions}")
    return ArrayHeader(tuple(shape), "uint8")
