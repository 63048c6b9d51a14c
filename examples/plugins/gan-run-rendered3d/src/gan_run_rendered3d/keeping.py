"""A rendered set in its folder: images.npz, whole or not there, and the table of who made the models.

The recipe is in the file with the images: renders are never taken for those of another recipe.
"""

import csv
import json
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_run import DataError

Arrays = dict[str, NDArray[np.generic]]
Recipe = Mapping[str, object]
"""All that decides what the images look like, in JSON's terms."""


class Credit(NamedTuple):
    """Who made a model, and what may be done with it."""

    name: str
    author: str
    licence: str
    source: str


class Rendered(NamedTuple):
    """What a recipe comes to."""

    arrays: Arrays
    """`images` uint8 (M, H, W) or (M, H, W, 3), and what is known of each."""
    makers: Sequence[Credit]
    """Of each model."""


def is_kept(folder: Path) -> bool:
    """Whether there is a rendered set in `folder`, of whatever recipe."""
    return (folder / "images.npz").exists()


def write(folder: Path, recipe: Recipe, rendered: Rendered) -> None:
    """Keep a set. Raises DataError if the folder does not take it."""
    unfinished = folder / f".images.{os.getpid()}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "attribution.tsv").open("w", encoding="utf-8", newline="") as table:
            rows = csv.writer(table, delimiter="\t", lineterminator="\n")
            rows.writerow(("model_id", *Credit._fields))
            rows.writerows((at, *maker) for at, maker in enumerate(rendered.makers))
        with unfinished.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, recipe=np.array(json.dumps(recipe)), **rendered.arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / "images.npz")
    except OSError as error:
        raise DataError(f"data.folder: {folder}: the renders cannot be kept here ({error})") from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def read(folder: Path, recipe: Recipe, *names: str) -> Arrays:
    """The arrays called `names`, or all, of the set kept in `folder`. Raises DataError if it is damaged, or of another
    recipe."""
    path = folder / "images.npz"
    try:
        # Opened here, because np.load leaves open what turns out to be no zip.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            found = json.loads(str(kept["recipe"]))
            arrays = {name: kept[name] for name in names or kept.files}
    except (OSError, ValueError, EOFError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged ({error}): delete it, and it is rendered again") from None
    if found != recipe:
        differing = sorted(key for key in found.keys() | recipe.keys() if found.get(key) != recipe.get(key))
        raise DataError(
            f"data.folder: {folder} holds renders of another {', '.join(differing)}: name another folder, or delete it"
        )
    return arrays
