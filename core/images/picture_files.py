"""Picture files: listing those in a folder, and reading them as images of one size."""

import logging
import os
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import torch
from PIL import Image
from torch import Tensor

from gan_run.core.base.errors import DataError, UnreadableError
from gan_run.core.images.columns import Columns
from gan_run.core.images.image_cache import Decoded, Decoding, decode_once
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.picture_decoder import PictureDecoder

logger = logging.getLogger("gan_run")

EXTENSIONS = frozenset(
    {
        *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".heic", ".heif", ".jp2"),
        *(".gif", ".bmp", ".tif", ".tiff", ".pgm", ".ppm"),
    }
)
NAMED_WHEN_SKIPPED = 5
"""How many of the skipped files the log names."""


def list_pictures(root: Path) -> list[PurePosixPath]:
    """List the image files in a folder and its subfolders.

    Args:
        root: The folder. Hidden files and folders in it are ignored.

    Returns:
        The paths relative to `root`, sorted.

    Raises:
        DataError: `root` is not a readable folder, or has no image files.
    """
    if not root.is_dir():
        raise DataError(f"{root} is {'not a folder' if root.exists() else 'missing'}")
    try:
        paths = sorted(_walk(root, PurePosixPath(), frozenset()), key=str)
    except OSError as error:
        raise DataError(f"{root} cannot be listed ({error})") from None
    if not paths:
        raise DataError(f"{root} has no image files, nor have its subfolders ({', '.join(sorted(EXTENSIONS))})")
    return paths


def log_left_out(root: Path, expected: Collection[Path] = ()) -> None:
    """Say in the log which files of a folder are no image files by their names, where there are any.

    Args:
        root: The folder, as for `list_pictures`.
        expected: Files that are there for another purpose.
    """
    known = {path.resolve() for path in expected}
    others = sorted(_walk(root, PurePosixPath(), frozenset(), pictures=False), key=str)
    others = [path for path in others if (root / path).resolve() not in known]
    if others:
        were = "1 file was" if len(others) == 1 else f"{len(others)} files were"
        endings = ", ".join(sorted(EXTENSIONS))
        logger.warning("%s: %s left out: %s (image files end in %s)", root, were, _some(map(str, others)), endings)


def _walk(
    folder: Path, inside: PurePosixPath, above: frozenset[Path], *, pictures: bool = True
) -> Iterator[PurePosixPath]:
    """The files that are image files by their names, or those that are not."""
    real = folder.resolve()
    if real in above:  # a symbolic link to a parent folder
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _walk(Path(entry.path), inside / entry.name, above | {real}, pictures=pictures)
            elif (os.path.splitext(entry.name)[1].lower() in EXTENSIONS) is pictures:  # noqa: PTH122  # a Path is slow
                yield inside / entry.name


def _some(found: Iterable[str]) -> str:
    """The first of several, and how many more there are."""
    listed = list(found)
    more = len(listed) - NAMED_WHEN_SKIPPED
    return "; ".join([*listed[:NAMED_WHEN_SKIPPED], *([f"and {more} more"] if more > 0 else [])])


def read_pictures(
    root: Path,
    paths: Sequence[PurePosixPath | str],
    decoder: PictureDecoder,
    cache: Path,
    columns: Columns | None = None,
    *,
    skip_unreadable: bool,
    advice: str = "",
) -> ImageSet:
    """Read picture files, which are decoded once into a cache.

    Args:
        root: The folder.
        paths: The M files, relative to `root`.
        decoder: How they become images.
        cache: The folder of decoded images.
        columns: What is known of each image, (M, …) by name.
        skip_unreadable: Whether files that cannot be read are left out, with a line in the log, and are no error.
        advice: What the error says after its cause.

    Returns:
        The images with their columns, named by their paths, without skipped files.

    Raises:
        DataError: A file cannot be read and is not skipped, or no file can be read.
    """
    files = [root / path for path in paths]

    def decode(path: Path) -> Tensor:
        try:
            return decoder.decode(path)
        except UnreadableError as error:
            if skip_unreadable:
                raise
            raise UnreadableError(f"{error}{advice}") from error

    with _bombs_are_errors():
        decoded = decode_once(Decoding(files, decoder.image, asdict(decoder), decode, skip_unreadable), cache)
    names = [str(path) for path in paths]
    images = ImageSet(decoded.images, columns, names=names, skipped=len(decoded.unreadable))
    return images.select(_readable(decoded)) if decoded.unreadable else images


def _readable(decoded: Decoded) -> Tensor:
    """The rows of the readable files; logs the others. Raises DataError if there is none."""
    reasons = list(decoded.unreadable.values())
    count = decoded.images.shape[0]
    if len(reasons) == count:
        raise DataError(f"none of the {len(reasons)} files can be read; the first: {reasons[0]}")
    logger.warning("skipped %d of %d files: %s", len(reasons), count, _some(reasons))
    return torch.tensor([row for row in range(count) if row not in decoded.unreadable])


@contextmanager
def _bombs_are_errors() -> Iterator[None]:
    # The list of warning filters is shared by all threads, so it is set once, around the pool.
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
