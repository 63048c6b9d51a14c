"""Atomic writes (under another name, synced, then renamed), locks, JSON, hashes and the cache folder."""

import fcntl
import json
import math
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from gan_run.core.base.errors import DataError, UnreadableError
from gan_run.core.base.system_errors import naming

SURROGATE = re.compile("[\ud800-\udfff]")


def cache_folder(name: str) -> Path:
    """The default folder for downloads and decoded images: `~/.cache/gan-run/NAME`, or below XDG_CACHE_HOME."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gan-run" / name


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether there is a file or folder of this name; not for a name that none can have."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # it is too long, or has a character of code 0
        return False


def check_new(folder: Path) -> None:
    """Refuse a folder that has entries, into which files are to be written. Raises DataError."""
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty: name a new folder")


def check_file(path: Path) -> None:
    """Refuse what is no file to read: a link to nothing, a folder, or a FIFO, whose reader would wait for a writer.

    Args:
        path: The path, whose links are followed.

    Raises:
        UnreadableError: It is no regular file.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a FIFO" if stat.S_ISFIFO(mode) else "a device or a socket"
        raise UnreadableError(f"{path} cannot be read (it is {kind}, and no file)")


def check_space(target: Path, size: int) -> None:
    """Refuse to begin a file or folder for which the disk has no room.

    Args:
        target: The path, which need not exist.
        size: What it takes, in bytes.

    Raises:
        DataError: Less is free.
    """
    folder = next(parent for parent in (target, *target.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DataError(f"{target} would take {size:,} bytes, and {free:,} are free: make room, or ask for less")


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically: after a crash the file holds the old text or the new one."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically, as `write_text` does."""
    temporary = path.with_name(f".{path.name}.tmp")
    with naming(path):
        temporary.write_bytes(content)
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a lock file; other processes that want it wait."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system releases it when the process ends, even by SIGKILL
        yield


def to_json(content: Mapping[str, object]) -> str:
    """Indented JSON, as in run folders. Raises ValueError for NaN and infinities, which JSON cannot express."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # Bytes of a file's name that are no UTF-8 are lone surrogates, which UTF-8 cannot express either.
    return SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def without_nan(value: object) -> object:
    """A copy of `value` in which each number that is not finite is None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
