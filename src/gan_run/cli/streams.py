"""Standard output and error that may be closed while a command runs: `gan-run spec.json | head -1`.

What is written to a closed one is dropped: a broken pipe or a closed terminal does not end a training.
"""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Dropping(io.FileIO):
    """A file descriptor to which nothing is written once its reader, or its terminal, is gone."""

    def write(self, content: "ReadableBuffer", /) -> int:
        try:
            return super().write(content) or 0
        except OSError as error:
            if error.errno != errno.EPIPE and not (error.errno == errno.EIO and os.isatty(self.fileno())):
                raise
            return memoryview(content).nbytes


def drop_what_nobody_reads() -> None:
    """Make the program's standard output and error go on where they are closed. A program that has replaced them keeps
    its own."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__"):
            continue
        if stream is None:  # closed from the start: no other file may get its number
            _open_nowhere(number)
        else:
            stream.flush()
        encoding, errors = ("utf-8", "replace") if stream is None else (stream.encoding, stream.errors)
        buffer = io.BufferedWriter(_Dropping(number, "w", closefd=False))
        line_by_line = name == "stderr" or os.isatty(number)
        setattr(sys, name, io.TextIOWrapper(buffer, encoding, errors, line_buffering=line_by_line))


def _open_nowhere(number: int) -> None:
    opened = os.open(os.devnull, os.O_WRONLY)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """A context in which standard output is standard error, for what does not print by Python too."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    try:
        before = os.dup(1)
    except OSError:  # closed
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(before, 1)
        os.close(before)
