"""The lock of a run folder: one process at a time trains in it, and its file says which spec."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from gan_run.core.base.errors import RunError
from gan_run.core.base.system_errors import naming

NAME = ".lock"
PATIENCE = 1.0
"""How long a process that has just taken the lock may need to write its spec, in seconds."""


class FolderBusyError(RunError):
    """Another process is training in a folder.

    Attributes:
        spec: The fields of the spec that it trains; None where they are not known.
    """

    def __init__(self, folder: Path, spec: Mapping[str, object] | None) -> None:
        super().__init__(f"{folder}: another process is training in this folder")
        self.spec = spec


class RunLock:
    """The lock of a run folder. It goes with the process, however that ends.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._file: FileIO | None = None

    @contextmanager
    def held(self, spec: Mapping[str, object] | None = None) -> Iterator[None]:
        """Make the folder if need be, and hold its lock. A folder to which nothing was written is removed, with those
        above it that were made.

        Args:
            spec: The fields of the spec that is trained, for processes that find the folder locked.

        Raises:
            FolderBusyError: Another process holds the lock.
            RunError: The folder cannot be written to.
        """
        missing = [parent for parent in self._folder.parents if not parent.exists()]
        try:
            file = self._taken()
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise RunError(f"{self._folder} cannot be written to: {error.strerror}") from None
        with file:
            file.truncate(0)
            if spec is not None:
                with naming(self._path):
                    _write_all(file, json.dumps(spec).encode())
            self._file = file
            try:
                yield
            finally:
                file.truncate(0)
                if self.is_in_place() and [entry.name for entry in self._folder.iterdir()] == [NAME]:
                    shutil.rmtree(self._folder)
                    with suppress(OSError):  # one has something else in it by now
                        for parent in missing:
                            parent.rmdir()
                self._file = None

    def is_in_place(self) -> bool:
        """Whether the folder at this path is the one that is locked: it was neither removed nor renamed."""
        return self._file is not None and _is_at(self._file, self._path)

    def _taken(self) -> FileIO:
        """The locked file."""
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                file = self._path.open("a+b", buffering=0)  # what another process wrote stays
            except FileNotFoundError:  # the folder was removed just now
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with file:
                    raise FolderBusyError(self._folder, _written(file)) from None
            if _is_at(file, self._path):
                return file
            file.close()  # of a folder that another process has removed meanwhile


def _write_all(file: FileIO, content: bytes) -> None:
    """Write without a buffer, which would be written again when the file is closed, on a disk that is full."""
    while content:
        content = content[file.write(content) :]


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _written(file: FileIO) -> dict[str, object] | None:
    """The fields that the holder of the lock writes once it has it; None where it writes none."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        file.seek(0)
        try:
            found = json.loads(file.read())
        except ValueError:  # not yet, or not wholly
            time.sleep(0.02)
        else:
            return found if isinstance(found, dict) else None
    return None
