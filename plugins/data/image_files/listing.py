"""Lists the image files in a folder."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gan_run import DataError

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})


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
        raise DataError(f"data.root: {root} is {'not a folder' if root.exists() else 'missing'}")
    try:
        paths = sorted(_walk(root, PurePosixPath(), frozenset()), key=str)
    except OSError as error:
        raise DataError(f"data.root: {root} cannot be listed ({error})") from None
    if not paths:
        raise DataError(
            f"data.root: {root} has no image files, nor have its subfolders ({', '.join(sorted(EXTENSIONS))})"
        )
    return paths


def _walk(folder: Path, inside: PurePosixPath, above: frozenset[Path]) -> Iterator[PurePosixPath]:
    real = folder.resolve()
    if real in above:  # a symbolic link to a parent folder
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _walk(Path(entry.path), inside / entry.name, above | {real})
            elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:  # noqa: PTH122  # a Path for each is slow
                yield inside / entry.name


def class_names(paths: list[PurePosixPath], root: Path) -> tuple[str, ...]:
    """The classes of a dataset with `labels: "folders"`.

    Args:
        paths: The image files, relative to `root`.
        root: The folder, for error messages.

    Returns:
        The names of the folders directly in `root` that have images, sorted.

    Raises:
        DataError: An image is in none of these folders.
    """
    for path in paths:
        if len(path.parts) == 1:
            raise DataError(
                f'data.labels: with "folders" the folder in {root} is the class, but {path} is in none: move it, '
                'or set data.labels to "none"'
            )
    return tuple(sorted({path.parts[0] for path in paths}))
