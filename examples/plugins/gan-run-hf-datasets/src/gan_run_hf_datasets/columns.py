"""Reads what is known of each image from the columns of tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_run import Column, ColumnKind, DataError, suggest

if TYPE_CHECKING:
    from datasets import Dataset

MISSING = -1
"""The category of an empty cell."""


class Read(NamedTuple):
    """A column of several tables."""

    column: Column
    values: Sequence[Tensor]
    """(M, …) for each table."""


def check_column(table: "Dataset", name: str, field: str) -> None:
    """Refuse a column that a table does not have. Raises DataError."""
    if name not in table.column_names:
        raise DataError(f"data.{field}: the dataset has no column {name!r}{suggest(name, table.column_names)}")


def read_column(tables: Sequence["Dataset"], name: str, kind: ColumnKind, field: str) -> Read:
    """Read a column.

    Args:
        tables: The tables of a dataset's splits.
        name: The column's name.
        kind: The kind of its values.
        field: The field of the spec that names it.

    Returns:
        The column and its values: int64 categories, which have the same numbers in all tables, -1 for an empty cell;
        else float64, NaN for an empty cell.

    Raises:
        DataError: There is no such column, or its values are of another kind.
    """
    for table in tables:
        check_column(table, name, field)
    if kind == "categorical":
        return _categories(tables, name, field)
    rows = [_numbers(table, name, field) for table in tables]
    return Read(Column(kind, shape=rows[0].shape[1:]), [torch.from_numpy(values) for values in rows])


def _categories(tables: Sequence["Dataset"], name: str, field: str) -> Read:
    from datasets import ClassLabel, Value

    feature = tables[0].features[name]
    if isinstance(feature, ClassLabel):
        return Read(Column("categorical", tuple(feature.names)), [_integers(table, name, field) for table in tables])
    if not isinstance(feature, Value) or feature.dtype.startswith(("float", "timestamp")):
        raise DataError(f"data.{field}: {name!r} is {feature}: categories are class labels, integers or strings")
    if "string" not in feature.dtype:
        return Read(Column("categorical"), [_integers(table, name, field) for table in tables])
    cells = [table[name][:] for table in tables]
    names = tuple(sorted({cell for texts in cells for cell in texts if cell is not None}))
    category = {None: MISSING, **{text: index for index, text in enumerate(names)}}
    values = [torch.tensor([category[cell] for cell in texts], dtype=torch.int64) for texts in cells]
    return Read(Column("categorical", names), values)


def _integers(table: "Dataset", name: str, field: str) -> Tensor:
    return torch.from_numpy(np.nan_to_num(_numbers(table, name, field), nan=MISSING).astype(np.int64))


def _numbers(table: "Dataset", name: str, field: str) -> NDArray[np.float64]:
    """The numbers of a column, (M, …), NaN for each that is missing. Raises DataError."""
    # Without a type given, `datasets` makes float32 of all real numbers.
    rows = table.select_columns([name]).with_format("numpy", dtype=np.float64)[:][name]
    try:
        if rows.dtype == object:  # some rows are empty
            shape = next((np.shape(row) for row in rows if row is not None), ())
            empty = np.full(shape, np.nan)
            rows = np.stack([empty if row is None else np.asarray(row, dtype=np.float64) for row in rows])
        return np.asarray(rows, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"data.{field}: {name!r} is {table.features[name]}: a number, or as many numbers in every row, are needed "
            f"({error})"
        ) from None
