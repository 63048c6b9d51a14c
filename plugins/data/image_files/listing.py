"""Which pictures a folder has."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gan_run import DataError

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})


def list_pictures(root: Path) -> list[PurePosixPath]:
    """The pictures in `root` and the folders below it, relative to it, sorted. What is hidden does not count."""
    if not root.is_dir():
        raise DataError(f"data.root: {root} is {'not a folder' if root.exists() else 'missing'}")
    try:
        paths = sorted(_walk(root, PurePosixPath(), frozenset()), key=str)
    except OSError as error:
        raise DataError(f"data.root: {root} cannot be listed ({error})") from None
    if not paths:
        raise DataError(
            f"data.root: {root} has no pictures, here or in folders below ({', '.join(sorted(EXTENSIONS))})"
        )
    return paths


def _walk(folder: Path, inside: PurePosixPath, above: frozenset[Path]) -> Iterator[PurePosixPath]:
    real = folder.resolve()
    if real in above:  # a link to a folder that it is itself in
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
    """The folders directly in `root` that pictures lie in, sorted. A picture in none of them is an error."""
    for path in paths:
        if len(path.parts) == 1:
            raise DataError(
                f'data.labels: with "folders" the folder in {root} is the class, but {path} is in none: move it, '
                'or set data.labels to "none"'
            )
    return tuple(sorted({path.parts[0] for path in paths}))
