"""Which samples are drawn: their seeds, numbers and codes."""

import csv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_run.core.base.errors import CodeError, DataError
from gan_run.core.base.files import check_file
from gan_run.core.kinds.latent_space import CodeDim, code_dims_by_name
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.numbered_samples import Wanted

SEED, NUMBER = "seed", "number"
"""Columns of a file of codes, beside those of codes: with both, the noise of each image is what it was."""
FILE = "file"
LATENTS = "latents."
"""Before the name of a latent whose values an array of an .npz file has."""


def new_samples(
    model: Model, count: int, seed: int, held: Mapping[CodeDim, Tensor], balance: CodeDim | None = None
) -> Iterator[Wanted]:
    """Samples from number 0 on.

    Args:
        model: The model.
        count: How many.
        seed: Their seed.
        held: Codes that all of them have.
        balance: A categorical code whose categories they take in turn.
    """
    turns = None if balance is None else model.latents[balance.name].traversal_values(1).cpu()
    for number in range(count):
        codes = dict(held)
        if balance is not None and turns is not None:
            codes[balance] = turns[number % len(turns)]
        yield Wanted(seed, number, codes)


def read_codes(path: Path, model: Model, seed: int) -> list[Wanted]:
    """The samples that a file asks for, a row each.

    Args:
        path: A .csv or .npz file, as `gan-run sample`, `encode` and `invert` write them. A column of a code or of any
            other latent, by its name, gives its values, or the names of its categories; `latents.NAME` in an .npz file
            gives all values of a latent. `seed` and `number` give the noise, by default `seed` and the number of the
            row. The column `file` names the samples, if no name has a folder or comes twice; columns whose names have a
            dot (`category.p0`) are left out.
        model: The model.
        seed: The seed where the file gives none.

    Raises:
        DataError: The file cannot be read, a number in it is none, or an array has another shape than the latent.
        NotFoundByName: A column is no code.
        CodeError: A code cannot have a value.
    """
    check_file(path)
    if path.suffix == ".npz":
        return _with_file_names(*_from_arrays(path, model, seed))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if not rows:
        raise DataError(f"{path} has no row")
    wanted = [_row(f"{path}, row {number + 2}", number, row, model, seed) for number, row in enumerate(rows)]
    return _with_file_names(wanted, [row.get(FILE) or "" for row in rows])


def _with_file_names(rows: list[Wanted], files: Sequence[str]) -> list[Wanted]:
    names = [Path(file).stem for file in files if Path(file).name == file]
    if len({name.casefold() for name in names if name}) < len(rows):
        return rows
    return [row._replace(name=name) for row, name in zip(rows, names, strict=True)]


def _from_arrays(path: Path, model: Model, seed: int) -> tuple[list[Wanted], Sequence[str]]:
    """The samples, and the column `file`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file if name.startswith(LATENTS) or "." not in name}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    latents = {name.removeprefix(LATENTS): array for name, array in arrays.items() if name.startswith(LATENTS)}
    columns = {name: array for name, array in arrays.items() if array.ndim == 1 and not name.startswith(LATENTS)}
    if len(counts := {len(array) for array in (*columns.values(), *latents.values())}) != 1:
        raise DataError(f"{path} has no columns of equal length: latents.NAME, or a code by its name")
    (count,) = counts
    held = {dim: value for name, array in latents.items() for dim, value in _of_latent(path, model, name, array)}
    texts = {name: [str(cell) for cell in array.tolist()] for name, array in columns.items()}
    rows = []
    for number in range(count):
        cells = {name: column[number] for name, column in texts.items()}
        row = _row(f"{path}, row {number}", number, cells, model, seed)
        rows.append(row._replace(codes={**{dim: value[number] for dim, value in held.items()}, **row.codes}))
    return rows, texts.get(FILE, [])


def _of_latent(path: Path, model: Model, name: str, array: NDArray[Any]) -> Iterator[tuple[CodeDim, Tensor]]:
    """The values (M, …) of each copy of a latent. Raises as `read_codes` does."""
    latent, place = model.latents[name], f"{path}: {LATENTS}{name}"
    shape = (*((latent.count,) if latent.count > 1 else ()), *latent.value_shape)
    if array.shape[1:] != shape or array.dtype.kind not in "iuf":
        raise DataError(
            f"{place}: numbers (N, {', '.join(map(str, shape))}) are needed, not {array.dtype} {array.shape}"
        )
    if not np.isfinite(array).all():
        raise DataError(f"{place}: there are values that are no finite numbers")
    for category in np.unique(array) if latent.cardinality is not None else ():
        try:
            latent.value(float(category))
        except ValueError as error:
            raise CodeError(f"{place}: {error}") from None
    values = torch.from_numpy(array)
    for dim in code_dims_by_name({name: latent.count})[name]:
        yield dim, values if dim.copy is None else values[:, dim.copy]


def _row(place: str, number: int, row: Mapping[str, str], model: Model, seed: int) -> Wanted:
    if None in row or None in row.values():
        raise DataError(f"{place}: it has not as many cells as the header")
    try:
        of_noise = int(row.get(SEED) or seed), int(row.get(NUMBER) or number)
    except ValueError:
        raise DataError(f"{place}: {SEED} and {NUMBER} have to be whole numbers") from None
    if of_noise[1] < 0:
        raise DataError(f"{place}: {NUMBER} has to be 0 or more")
    names = [name for name, cell in row.items() if name not in (SEED, NUMBER, FILE) and "." not in name and cell]
    codes = {name: _number(row[name]) for name in names}
    try:
        return Wanted(*of_noise, model.code_values(codes))
    except CodeError as error:
        raise CodeError(f"{place}: {error}") from None


def _number(cell: str) -> float | str:
    """The number in a cell, which may be that of a category; or else its text."""
    try:
        return float(cell)
    except ValueError:
        return cell
