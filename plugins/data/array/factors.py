"""Factors in an array file: one array per factor, or one table with a column per factor."""

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
    """The factors of all images."""

    factors: tuple[Factor, ...]
    values: NDArray[np.float64]
    """(M, K), a column per factor."""

    def rows(self, chosen: list[int]) -> Tensor | None:
        """The factors (N, K) of the N images with these indices; None if there are no factors."""
        return torch.from_numpy(self.values[chosen]) if self.factors else None


def table_of_arrays(file: ArrayFile, kinds: Mapping[str, FactorKind], count: int) -> FactorTable:
    """Read one array of `count` numbers per factor. Raises DataError."""
    values = np.empty((count, len(kinds)))
    for column, (name, kind) in enumerate(kinds.items()):
        values[:, column] = _read(file, name, (count,))
        if kind == "categorical" and not np.array_equal(values[:, column], values[:, column].round()):
            raise DataError(f"{file.path}: {name!r} has fractions: the values of a categorical factor are 0, 1, 2, …")
    return FactorTable(tuple(Factor(name, kind) for name, kind in kinds.items()), values)


def table_of_columns(file: ArrayFile, table: str, names: str, count: int) -> FactorTable:
    """Read one array (count, K) of continuous factors, and their names from an array of K strings. Raises DataError."""
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
