"""Downloading the files of a dataset: complete or absent, also when several processes download at once."""

import http.client
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from gan_run.core.base.errors import DataError

DOWNLOAD_ERRORS = (OSError, RuntimeError, ValueError, EOFError, http.client.HTTPException, zlib.error)
"""What torchvision raises when a download fails or a file has the wrong checksum."""


def download_files(root: Path, fetch: Callable[[Path], Iterable[Path]], failed: str) -> None:
    """Download files into a temporary folder inside `root`, then move them into `root`.

    Each process has a temporary folder of its own, and a move replaces the target atomically: of several processes
    that download the same files, each leaves complete ones. A failed download leaves nothing.

    Args:
        root: The folder of the dataset; made if it does not exist.
        fetch: Downloads into the folder it is given and returns the paths of the files to keep. Each is moved to the
            same relative path below `root`.
        failed: The start of the error message: what is missing and how to get it.

    Raises:
        DataError: The download failed, or `root` is not writable.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=root, prefix=".download-") as unfinished:
            for path in fetch(Path(unfinished)):
                target = root / path.relative_to(unfinished)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    except DOWNLOAD_ERRORS as error:
        raise DataError(f"{failed}\n{error}") from None


def damaged_file(path: Path, why: str) -> DataError:
    """The error for a downloaded file that cannot be read, with the remedy."""
    return DataError(f"{path} cannot be read ({why}): delete it and fetch it again")
