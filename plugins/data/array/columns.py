"""Columns in an array file: one array per column, or one table with a column per factor."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_run import ArrayFile, Column, ColumnKind, DataError


class Table(NamedTuple):
    """The columns of all M images of a file."""

    columns: Mapping[str, Column]
    values: Mapping[str, Tensor]
    """(M, …) by name."""


def table_of_arrays(file: ArrayFile, kinds: Mapping[str, ColumnKind], count: int) -> Table:
    """Read one array (M, …) per column. Raises DataError."""
    values = {name: read_column(file, name, kind, count) for name, kind in kinds.items()}
    columns = {name: Column(kinds[name], shape=tuple(value.shape[1:])) for name, value in values.items()}
    return Table(columns, values)


def table_of_factors(file: ArrayFile, table: str, names: str, count: int) -> Table:
    """Read one array (M, K) of continuous columns, and their names from an array of K strings. Raises DataError."""
    header = file.header(names)
    if len(header.shape) != 1 or not header.dtype.startswith("str"):
        raise DataError(
            f"{file.path}: {names!r} is {header.dtype} {header.shape}: it has to be an array of strings, (K,)"
        )
    found = [str(name) for name in file.read(names)]
    shape = file.header(table).shape
    if shape != (count, len(found)):
        raise DataError(f"{file.path}: {table!r} has shape {shape}, not {(count, len(found))}")
    values = read_column(file, table, "continuous", count)
    return Table(
        dict.fromkeys(found, Column("continuous")), {name: values[:, index] for index, name in enumerate(found)}
    )


def read_column(file: ArrayFile, key: str, kind: ColumnKind, count: int) -> Tensor:
    """Read an array (M, …) of numbers: int64 categories, else float64. Raises DataError."""
    header = file.header(key)
    if header.shape[:1] != (count,):
        raise DataError(f"{file.path}: {key!r} has shape {header.shape}, but there are {count} images")
    if not header.dtype.startswith(("int", "uint", "float", "bool")):
        raise DataError(f"{file.path}: {key!r} is {header.dtype}: columns have to be numbers")
    values = file.read(key)
    return torch.from_numpy(_categories(file, key, values) if kind == "categorical" else values.astype(np.float64))


def _categories(
    file: ArrayFile, key: str, values: "np.ndarray[Any, np.dtype[Any]]"
) -> "np.ndarray[Any, np.dtype[Any]]":
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if not np.array_equal(known, known.round() if known.dtype.kind == "f" else known):
        raise DataError(f"{file.path}: {key!r} has fractions: categories are 0, 1, 2, …")
    whole = np.where(np.isnan(values), -1, values) if values.dtype.kind == "f" else values
    return whole.astype(np.int64)
