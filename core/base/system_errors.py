"""Errors of the system, such as a full disk: which file they are of, and what can be done."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        **dict.fromkeys(DISK_FULL, "make room on the disk, and give the same command again"),
        **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "change its permissions, or name another place"),
        **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit of open files, ulimit -n"),
        **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), "was its folder moved or removed meanwhile?"),
        **dict.fromkeys((errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY), "it is in the way: move it, or name another"),
        errno.EFBIG: "raise the limit of a file's size, ulimit -f",
        errno.ENAMETOOLONG: "choose a shorter name",
        errno.EIO: "the disk, or its connection, fails",
        errno.ENOMEM: "memory is full",
        errno.ELOOP: "its links lead in a circle",
    }
)
"""What can be done about an error, by its number."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Within, an OSError that names no file is one of `path`: those of a write to an open file do not."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def what_happened(error: OSError) -> str:
    """An error of the system in a line: the file, the cause, the remedy.

    Args:
        error: The error.
    """
    files = " to ".join(str(file) for file in (error.filename, error.filename2) if file is not None)
    cause = error.strerror or str(error) or type(error).__name__
    remedy = REMEDIES.get(error.errno or 0)
    return f"{files}{': ' if files else ''}{cause}{f' ({remedy})' if remedy else ''}"
