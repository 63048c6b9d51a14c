"""Storage of a rendered dataset: images.npz, complete or absent, and the attribution table of the models.

The recipe is stored with the images, so that a dataset is not mistaken for that of another recipe.
"""

import csv
import json
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_run import DataError

Arrays = dict[str, NDArray[np.generic]]
Recipe = Mapping[str, object]
"""Everything that determines the images, as JSON values."""


class Credit(NamedTuple):
    """The author and the licence of a model."""

    name: str
    author: str
    licence: str
    source: str


class Rendered(NamedTuple):
    """A rendered dataset."""

    arrays: Arrays
    """`images` uint8 (M, H, W) or (M, H, W, 3), and arrays of their factors."""
    credits: Sequence[Credit]
    """One per model."""


def is_kept(folder: Path) -> bool:
    """Whether `folder` has a rendered dataset, of any recipe."""
    return (folder / "images.npz").exists()


def check_writable(folder: Path) -> None:
    """Make `folder` if it does not exist, and see that files can be written there, before hours of rendering.

    Raises:
        DataError: They cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _not_writable(folder, error) from None


def write(folder: Path, recipe: Recipe, rendered: Rendered) -> None:
    """Store a dataset.

    Args:
        folder: Where; `check_writable` made it.
        recipe: What determined the images.
        rendered: The dataset.

    Raises:
        DataError: The folder is not writable.
    """
    unfinished = folder / f".images.{os.getpid()}.npz"
    try:
        with (folder / "attribution.tsv").open("w", encoding="utf-8", newline="") as table:
            rows = csv.writer(table, delimiter="\t", lineterminator="\n")
            rows.writerow(("model_id", *Credit._fields))
            rows.writerows((model, *credit) for model, credit in enumerate(rendered.credits))
        with unfinished.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, recipe=np.array(json.dumps(recipe)), **rendered.arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / "images.npz")
    except OSError as error:
        raise _not_writable(folder, error) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def read(folder: Path, recipe: Recipe, *names: str) -> Arrays:
    """Read arrays of a stored dataset.

    Args:
        folder: Where it is stored.
        recipe: The recipe that it must have been rendered by.
        names: The arrays to read; all if none is given.

    Returns:
        The arrays by name.

    Raises:
        DataError: The file is damaged, or was rendered by another recipe.
    """
    path = folder / "images.npz"
    try:
        # Opened here, because np.load does not close a file that is not a zip.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            found = json.loads(str(kept["recipe"]))
            arrays = {name: kept[name] for name in names or kept.files}
    except (OSError, ValueError, EOFError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged ({error}): delete it to render it again") from None
    if found != recipe:
        differing = sorted(key for key in found.keys() | recipe.keys() if found.get(key) != recipe.get(key))
        raise DataError(
            f"data.folder: {folder} holds renders of another {', '.join(differing)}: set another folder or delete this"
        )
    return arrays


def _not_writable(folder: Path, error: OSError) -> DataError:
    return DataError(f"data.folder: {folder}: the renders cannot be written ({error})")
