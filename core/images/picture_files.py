"""Picture files: listing those in a folder, and reading them as images of one size."""

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Literal

import torch
from PIL import Image
from torch import Tensor

from gan_run.core.base.errors import DataError, UnreadableError, printable
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
RUN_FILES = frozenset({"spec.json", "environment.json", "checkpoints"})
"""What a run folder has."""
Kind = Literal["picture", "other", "run"]
NAMED_WHEN_SKIPPED = 5
"""How many of the skipped files the log names."""


def list_pictures(root: Path) -> list[PurePosixPath]:
    """List the image files in a folder and its subfolders.

    Args:
        root: The folder. Hidden files and folders in it are ignored, and so are run folders, whose pictures a model
            has drawn.

    Returns:
        The paths relative to `root`, sorted.

    Raises:
        DataError: `root` is not a readable folder, or has no image files.
    """
    if not root.is_dir():
        raise DataError(f"{root} is {'not a folder' if root.exists() else 'missing'}")
    try:
        paths = sorted((path for kind, path in _walk(root, PurePosixPath(), frozenset()) if kind == "picture"), key=str)
    except OSError as error:
        raise DataError(f"{root} cannot be listed ({error})") from None
    if not paths:
        raise DataError(f"{root} has no image files, nor have its subfolders ({', '.join(sorted(EXTENSIONS))})")
    return paths


def log_left_out(root: Path, expected: Collection[Path] = ()) -> None:
    """Say in the log which files of a folder are left out: those that are no image files by their names, and runs.

    Args:
        root: The folder, as for `list_pictures`.
        expected: Files that are there for another purpose.
    """
    known = {path.resolve() for path in expected}
    found = sorted(_walk(root, PurePosixPath(), frozenset()), key=str)
    if runs := [str(path) for kind, path in found if kind == "run"]:
        logger.warning("%s: the pictures of run folders were left out: %s", root, _some(runs))
    others = [path for kind, path in found if kind == "other" and (root / path).resolve() not in known]
    if others:
        were = "1 file was" if len(others) == 1 else f"{len(others)} files were"
        endings = ", ".join(sorted(EXTENSIONS))
        logger.warning("%s: %s left out: %s (image files end in %s)", root, were, _some(map(str, others)), endings)


def _walk(folder: Path, inside: PurePosixPath, above: frozenset[Path]) -> Iterator[tuple[Kind, PurePosixPath]]:
    """The files by their names, and the run folders, without what is in them."""
    real = folder.resolve()
    if real in above:  # a symbolic link to a parent folder
        return
    with os.scandir(folder) as scanned:
        entries = [entry for entry in scanned if not entry.name.startswith(".")]
    if inside.parts and {entry.name for entry in entries} >= RUN_FILES:
        yield "run", inside
        return
    for entry in entries:
        if _is_folder(entry):
            yield from _walk(Path(entry.path), inside / entry.name, above | {real})
        elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:  # noqa: PTH122  # a Path is slow
            yield "picture", inside / entry.name
        else:
            yield "other", inside / entry.name


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _some(found: Iterable[str]) -> str:
    """The first of several, and how many more there are."""
    listed = list(found)
    more = len(listed) - NAMED_WHEN_SKIPPED
    named = [printable(name).replace("\n", "\\n") for name in listed[:NAMED_WHEN_SKIPPED]]
    return "; ".join([*named, *([f"and {more} more"] if more > 0 else [])])


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

    with _any_size():
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
def _any_size() -> Iterator[None]:
    """Replace Pillow's limit of a picture's size, which is one of all threads, by that of the decoder."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
