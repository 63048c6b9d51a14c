"""Named factors: an array per factor, or one table with a column per factor."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_run import DataError, Factor, FactorKind
from gan_run.plugins.data.array.files import ArrayFile


@dataclass(frozen=True)
class FactorTable:
    """The factors of all images of a file."""

    factors: tuple[Factor, ...]
    values: NDArray[np.float64]
    """(M, K), one column per factor."""

    def rows(self, chosen: list[int]) -> Tensor | None:
        """The factors (N, K) of the N images with these indices; None if there are no factors."""
        return torch.from_numpy(self.values[chosen]) if self.factors else None


def table_of_arrays(file: ArrayFile, kinds: Mapping[str, FactorKind], count: int) -> FactorTable:
    """Read one array per factor.

    Args:
        file: The array file.
        kinds: The name of each factor's array, with the factor's kind.
        count: M, the length that each array must have.

    Returns:
        The factors, in the order of `kinds`.

    Raises:
        DataError: An array is missing, has the wrong shape or type, or a categorical one has fractions.
    """
    values = np.empty((count, len(kinds)))
    for column, (name, kind) in enumerate(kinds.items()):
        values[:, column] = _read(file, name, (count,))
        if kind == "categorical" and not np.array_equal(values[:, column], values[:, column].round()):
            raise DataError(f"{file.path}: {name!r} has fractions: the values of a categorical factor are 0, 1, 2, …")
    return FactorTable(tuple(Factor(name, kind) for name, kind in kinds.items()), values)


def table_of_columns(file: ArrayFile, table: str, names: str, count: int) -> FactorTable:
    """Read one table of continuous factors.

    Args:
        file: The array file.
        table: The name of the array (M, K).
        names: The name of the array of the K column names.
        count: M.

    Returns:
        The factors, one per column.

    Raises:
        DataError: An array is missing or has the wrong shape or type.
    """
    header = file.header(names)
    if len(header.shape) != 1 or not header.dtype.startswith("str"):
        raise DataError(
            f"{file.path}: {names!r} is {header.dtype} {header.shape}: it has to be an array of strings, (K,)"
        )
    found = [str(name) for name in file.read(names)]
    values = _read(file, table, (count, len(found)))
    return FactorTable(tuple(Factor(name, "continuous") for name in found), values)


def _read(file: ArrayFile, key: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    header = file.header(key)
    if header.shape != shape:
        raise DataError(f"{file.path}: {key!r} has shape {header.shape}, not {shape}")
    if not header.dtype.startswith(("int", "uint", "float")):
        raise DataError(f"{file.path}: {key!r} is {header.dtype}: factors have to be numbers")
    values = file.read(key).astype(np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"{file.path}: {key!r} has values that are not finite")
    return values
