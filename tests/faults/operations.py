"""What a process does to files: its operations are counted, and something is done at one of them."""

import os
import sys
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from trial import Trial, differences, renewed

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
MAKING = frozenset({"open", "os.mkdir"})
"""Operations that make or write a file or a folder."""
OPERATIONS = MAKING | {"os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree"}


def at_operations(root: Path, act: Callable[[int, str], None], events: Collection[str] = OPERATIONS) -> None:
    """In a process: do something just before each operation that changes a file below a folder.

    Args:
        root: The folder.
        act: Called with the operation's number, from 1, and the file's path.
        events: The operations that count.
    """
    number = 0

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal number
        if event in events and (path := _changed(event, arguments)) is not None and path.startswith(str(root)):
            number += 1
            act(number, path)

    sys.addaudithook(hear)


def undisturbed(trial: Trial, events: Collection[str] = OPERATIONS) -> tuple[dict[str, str], int, float]:
    """The files of an undisturbed run, its number of operations of some kinds on files, and how long it takes."""
    done = trial.done()
    assert done.returncode == 0, done.stderr
    expected = trial.contents()
    counted = trial.folder.with_name(f"{trial.folder.name}-operations")
    began = time.monotonic()
    renewed(trial).done(prepare=partial(_count, trial.folder, counted, events))
    assert not differences(trial.contents(), expected), "two undisturbed runs are not alike"
    return expected, int(counted.read_text().splitlines()[0]), time.monotonic() - began


def _count(root: Path, file: Path, events: Collection[str]) -> None:
    """In a process: write how many operations it makes, as they come."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    at_operations(root, lambda number, _: _overwrite(descriptor, number), events)


def _overwrite(descriptor: int, number: int) -> None:
    os.pwrite(descriptor, f"{number}\n".encode(), 0)


def _changed(event: str, arguments: tuple[object, ...]) -> str | None:
    """The path of the file that an event of Python's audit changes; None if it changes none."""
    path = arguments[0]
    if not isinstance(path, (str, bytes, os.PathLike)):
        return None
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
        return None
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100  # a Path opens nothing, but is slow
