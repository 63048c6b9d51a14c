"""Reads IDX files, raw or gzipped: a magic number, the sizes as big-endian 32-bit integers, then the bytes."""

import gzip
import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from gan_run import damaged_file

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
    with _opened(path) as file:
        shape = _read_header(path, file, dimensions)
        if not isinstance(file, gzip.GzipFile):
            _check_length(path, path.stat().st_size - file.tell(), shape)
    return shape


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
    with _opened(path) as file:
        shape = _read_header(path, file, dimensions)
        # Not `read(n)`: a damaged header can state more bytes than fit in memory.
        content = bytearray(file.read())
    _check_length(path, len(content), shape)
    return torch.frombuffer(content, dtype=torch.uint8).view(shape) if content else torch.empty(shape).byte()


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedIOBase]:
    try:
        with path.open("rb") as file:
            # The content decides, not the name: some servers and browsers unpack a file and keep the name.
            if file.peek(2)[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            else:
                yield file
    except (OSError, EOFError, zlib.error) as error:
        raise damaged_file(path, str(error)) from None


def _read_header(path: Path, file: io.BufferedIOBase, dimensions: int) -> tuple[int, ...]:
    length = 4 * (1 + dimensions)
    header = file.read(length)
    if len(header) < length:
        raise damaged_file(path, f"{len(header)} bytes are shorter than the header")
    magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if magic != UNSIGNED_BYTES + dimensions:
        raise damaged_file(path, f"its magic number is {magic}, not {UNSIGNED_BYTES + dimensions}")
    return tuple(shape)


def _check_length(path: Path, length: int, shape: tuple[int, ...]) -> None:
    if length != math.prod(shape):
        stated = "x".join(map(str, shape))
        raise damaged_file(path, f"its header states {stated} = {math.prod(shape)} bytes, but {length} follow")
