"""Tables of codes as files."""

import csv
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_run.core.base.errors import DataError
from gan_run.core.base.system_errors import naming

Table = Mapping[str, NDArray[np.generic]]
"""Columns (N,), or (N, K) of K numbers each, by name."""


def write_table(table: Table, path: Path) -> None:
    """Write a table: .csv, .npz or .parquet. A column of K numbers has K columns in .csv and .parquet: `NAME0`, ….

    Raises:
        DataError: The name of the file ends otherwise, or pyarrow, which .parquet needs, is not installed.
    """
    writer = writer_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer(table, path)


def writer_of(path: Path) -> Callable[[Table, Path], None]:
    """What writes a table into a file of this name. Raises DataError as `write_table` does."""
    if path.suffix not in WRITERS:
        *others, last = WRITERS
        raise DataError(f"{path}: a table is written as {', '.join(others)} or {last}")
    return WRITERS[path.suffix]


def _write_csv(table: Table, path: Path) -> None:
    flat = dict(_flat(table))
    # Names of files need not be UTF-8: they are written as the system has them.
    with naming(path), path.open("w", encoding="utf-8", newline="", errors="surrogateescape") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(flat)
        rows.writerows(zip(*(_texts(column) for column in flat.values()), strict=True))


def _texts(column: NDArray[np.generic]) -> list[str]:
    """Nine digits are enough to read a float32 back as it was."""
    if np.issubdtype(column.dtype, np.floating):
        return [f"{value:.9g}" for value in column.tolist()]
    return [str(value) for value in column.tolist()]


def _write_npz(table: Table, path: Path) -> None:
    # np.savez takes no array called "file".
    with naming(path), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        add_arrays(archive, table)


def add_arrays(archive: zipfile.ZipFile, table: Table) -> None:
    """Add the columns of a table to an .npz file."""
    for name, column in table.items():
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, column, allow_pickle=False)


def _write_parquet(table: Table, path: Path) -> None:
    try:
        from pyarrow import parquet
        from pyarrow import table as arrow_table
    except ImportError:
        raise DataError(
            f"{path}: .parquet needs pyarrow: pip install 'gan-run[parquet]', or write a .csv or .npz"
        ) from None
    parquet.write_table(arrow_table(dict(_flat(table))), path)


def _flat(table: Table) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for name, column in table.items():
        if column.ndim == 1:
            yield name, column
        else:
            yield from ((f"{name}{index}", column[:, index]) for index in range(column.shape[1]))


WRITERS: Mapping[str, Callable[[Table, Path], None]] = {
    ".csv": _write_csv,
    ".npz": _write_npz,
    ".parquet": _write_parquet,
}
