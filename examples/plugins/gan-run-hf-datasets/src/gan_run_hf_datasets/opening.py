"""Opens a dataset: the tables of all its splits, memory-mapped."""

import glob
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gan_run import DataError

if TYPE_CHECKING:
    from datasets import Dataset

Tables = Mapping[str, "Dataset"]
"""The table of each split, by the split's name."""
ONLY = "train"
"""The name of the split where there is one alone that has none."""
SAVED = ("dataset_dict.json", "state.json")
"""Files of which `save_to_disk` writes one into its folder."""


def open_path(path: Path, cache: Path) -> Tables:
    """Open a dataset on this machine. Nothing is downloaded.

    Args:
        path: A folder written by `save_to_disk`, a .parquet file, or a folder of those.
        cache: Where parquet files are kept as memory-mapped tables.

    Returns:
        The tables by split. The split of a parquet file is its name up to the first "-" or "."; if that is a number,
        the name of its folder.

    Raises:
        DataError: There is no dataset, or it is damaged.
    """
    # `datasets` takes over a second to import, and every command loads the plugins.
    from datasets import load_dataset, load_from_disk

    if any((path / name).is_file() for name in SAVED):
        return _tables(f"data.path: {path}", lambda: load_from_disk(str(path)))
    found = _parquet_files(path)
    if not found:
        raise DataError(
            f"data.path: {path} is {'no dataset' if path.exists() else 'missing'}: a folder written by save_to_disk, "
            "a .parquet file or a folder of those is needed"
        )
    patterns = {split: [glob.escape(str(file)) for file in files] for split, files in found.items()}
    return _tables(f"data.path: {path}", lambda: load_dataset("parquet", data_files=patterns, cache_dir=str(cache)))


def open_hub(name: str, config: str | None, revision: str | None, cache: Path) -> Tables:
    """Open a dataset of the Hugging Face Hub, downloaded if need be.

    Args:
        name: Its name, as OWNER/NAME.
        config: Which of its configurations, if it has several.
        revision: A commit, tag or branch of its repository.
        cache: Where it is kept.

    Returns:
        The tables by split.

    Raises:
        DataError: It cannot be downloaded or read.
    """
    from datasets import load_dataset

    return _tables(f"data.hub: {name}", lambda: load_dataset(name, config, revision=revision, cache_dir=str(cache)))


def _tables(place: str, read: Callable[[], object]) -> Tables:
    from datasets import Dataset

    try:
        opened = read()
    except Exception as error:  # the library documents no list of what it raises for a damaged dataset
        raise DataError(f"{place} cannot be read ({error})") from error
    if isinstance(opened, Dataset):
        return {ONLY: opened}
    assert isinstance(opened, Mapping)
    return {str(split): table for split, table in opened.items()}


def _parquet_files(path: Path) -> dict[str, list[Path]]:
    """The parquet files by split."""
    if path.is_file():
        return {ONLY: [path]} if path.suffix == ".parquet" else {}
    found = defaultdict(list)
    for file in sorted(path.rglob("*.parquet")):
        word = file.name.replace(".", "-").partition("-")[0]
        folder = file.parent.name if file.parent != path else ONLY
        found[folder if word.isdigit() else word].append(file)
    return dict(found)
