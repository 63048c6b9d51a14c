"""Binary files of one array: a header, then the numbers; raw or gzipped. Formats differ in the header."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_run.core.base.files import check_file
from gan_run.core.base.memory import check_fits
from gan_run.core.images.array_file import ArrayHeader
from gan_run.core.images.downloads import damaged_file

HeaderReader = Callable[[io.BufferedIOBase], ArrayHeader]
"""Reads a header and leaves the file at the first number. Raises ValueError, also if the file is too short."""


def read_binary_header(path: Path, read_header: HeaderReader) -> ArrayHeader:
    """Read the header alone of a binary file; the length of one that is not gzipped is checked too.

    Args:
        path: The file.
        read_header: Reads its format's header.

    Returns:
        The array's shape and type as the header states them.

    Raises:
        DataError: The file is damaged or of another format.
    """
    with _opened(path) as file:
        header = read_header(file)
        if not isinstance(file, gzip.GzipFile):
            _check_length(path.stat().st_size - file.tell(), header)
    return header


def read_binary_array(path: Path, read_header: HeaderReader) -> NDArray[Any]:
    """Read a whole binary file.

    Args:
        path: The file.
        read_header: Reads its format's header.

    Returns:
        The array in the shape and type that the header states.

    Raises:
        DataError: The file is damaged or of another format.
    """
    with _opened(path) as file:
        header = read_header(file)
        check_fits(header.size, str(path))
        # One more than stated shows a file that is too long, without unpacking all of it.
        content = bytearray(file.read(header.size + 1))
        _check_length(len(content), header)
    return np.frombuffer(content, header.dtype).reshape(header.shape)


def read_exactly(file: io.BufferedIOBase, length: int) -> bytes:
    """Read a part of a header.

    Args:
        file: The file.
        length: How many bytes.

    Returns:
        The bytes.

    Raises:
        ValueError: The file ends before.
    """
    content = file.read(length)
    if len(content) < length:
        raise ValueError(f"{len(content)} bytes are shorter than the header")
    return content


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedIOBase]:
    check_file(path)
    try:
        with path.open("rb") as file:
            # The content decides, not the name: some servers and browsers unpack a file and keep the name.
            if file.peek(2)[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            else:
                yield file
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise damaged_file(path, str(error)) from None


def _check_length(length: int, header: ArrayHeader) -> None:
    if length != header.size:
        follow = f"{'at least ' if length > header.size else ''}{length} follow"
        raise ValueError(f"its header states {'x'.join(map(str, header.shape))} = {header.size} bytes, but {follow}")
