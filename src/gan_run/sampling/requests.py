"""Which samples are drawn: their seeds, numbers and codes."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor

from gan_run.core.base.errors import CodeError, DataError
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.numbered_samples import Wanted

SEED, NUMBER = "seed", "number"
"""Columns of a file of codes, beside those of codes: with both, the noise of each image is what it was."""
FILE = "file"


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
    for number in range(count):
        codes = dict(held)
        if balance is not None:
            latent = model.latents[balance.name]
            assert latent.cardinality is not None
            codes[balance] = latent.value(number % latent.cardinality)
        yield Wanted(seed, number, codes)


def read_codes(path: Path, model: Model, seed: int) -> list[Wanted]:
    """The samples that a CSV file asks for, a row each, as `gan-run sample` and `encode` write them.

    Args:
        path: The file. A column of a code, by its name, gives its values, or the names of its categories; `seed` and
            `number` give the noise, by default `seed` and the number of the row. The column `file`, and those whose
            names have a dot (`category.p0`), are left out.
        model: The model.
        seed: The seed where the file gives none.

    Raises:
        DataError: The file cannot be read, or a number in it is none.
        NotFoundByName: A column is no code.
        CodeError: A code cannot have a value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if not rows:
        raise DataError(f"{path} has no row")
    return [_row(path, number, row, model, seed) for number, row in enumerate(rows)]


def _row(path: Path, number: int, row: Mapping[str, str], model: Model, seed: int) -> Wanted:
    place = f"{path}, row {number + 2}"
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
