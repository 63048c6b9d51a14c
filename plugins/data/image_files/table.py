"""Reads what is known of images from a CSV file: one row per image, one column per property."""

import csv
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run import Column, ColumnKind, DataError, Split, check_file, suggest, unseen_categories

logger = logging.getLogger("gan_run")
FILE = "file"
"""The column with the path of each image."""


class Table(NamedTuple):
    """The rows of a CSV file, in the order of the images."""

    text: Mapping[str, Sequence[str]]
    """The cells of each column, as written."""
    columns: Mapping[str, Column]
    values: Mapping[str, Tensor]
    """(M,) by name: int64 categories, -1 for an empty cell; else float64 numbers, NaN for an empty cell."""
    unused: Sequence[str] = ()
    """The files in rows that are of no image."""


EMPTY = Table({}, {}, {})
"""What is known without a CSV file."""
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class ListedPictures(NamedTuple):
    """Pictures, what is known of each, and their splits."""

    paths: Sequence[str]
    """Relative to the root."""
    columns: Mapping[str, Column]
    values: Mapping[str, Tensor]
    """(M,) by name."""
    splits: Mapping[Split, Sequence[int]]
    """The pictures of each split, as indices into `paths`, in their order."""
    unused: Sequence[str] = ()
    """The files in rows of the CSV file that are of no picture."""

    def of_split(self, split: Split) -> Sequence[int]:
        """The pictures of a split, as indices into `paths`."""
        return self.splits.get(split, ())

    def described(self) -> dict[str, Column]:
        """The columns, with the categories that no training image has."""
        train = torch.tensor(self.of_split("train"), dtype=torch.int64)
        return {
            name: column
            if column.names is None
            else replace(column, unseen=unseen_categories(self.values[name][train], len(column.names)))
            for name, column in self.columns.items()
        }


def stated_splits(path: Path | None, name: str, cells: Sequence[str]) -> dict[Split, Sequence[int]]:
    """The pictures of each split that a column states. Raises DataError for another cell, or if none is in train."""
    wrong = [cell for cell in cells if cell not in SPLITS]
    if wrong:
        raise DataError(f"{path}: {wrong[0]!r} in the column {name!r} is no split: {', '.join(SPLITS)}")
    splits: dict[Split, Sequence[int]] = {
        split: [index for index, cell in enumerate(cells) if cell == split] for split in SPLITS if split in cells
    }
    if "train" not in splits:
        raise DataError(f"{path}: no image is in the split train by the column {name!r}")
    return {"train": splits["train"], "test": (), **splits}


def read_table(path: Path, images: Sequence[str], kinds: Mapping[str, ColumnKind], apart: Sequence[str]) -> Table:
    """Read the rows of some images.

    Args:
        path: The CSV file, with a header. Its column `file` has the path of each image.
        images: The paths of the M images.
        kinds: The kinds of columns. Others are continuous if every cell is a number or empty, else categorical.
        apart: Columns that are no property of the images, such as their split.

    Returns:
        The rows in the order of `images`.

    Raises:
        DataError: The file cannot be read, an image has no row or two, a column is missing, or a cell is not of its
            column's kind.
    """
    header, rows = _read(path)
    for name in (*kinds, *apart):
        if name not in header:
            raise DataError(f"{path} has no column {name!r}{suggest(name, header)}")
    if missing := [image for image in images if image not in rows]:
        raise DataError(f"{path} has no row for {len(missing)} of {len(images)} images, such as {missing[0]}")
    text = {name: [rows[image][index] for image in images] for index, name in enumerate(header)}
    found = {
        name: _parse(path, name, cells, kinds.get(name)) for name, cells in text.items() if name not in (FILE, *apart)
    }
    columns = {name: column for name, (column, _) in found.items()}
    unused = sorted(rows.keys() - set(images))
    return Table(text, columns, {name: values for name, (_, values) in found.items()}, unused)


def log_unused(path: Path, unused: Sequence[str]) -> None:
    """Say in the log how many rows of a CSV file are of no image.

    Args:
        path: The CSV file.
        unused: The files in these rows.
    """
    if unused:
        logger.warning(
            "%s: %d rows are of files that are no images of data.root, such as %s", path, len(unused), unused[0]
        )


def _read(path: Path) -> tuple[list[str], dict[str, list[str]]]:
    """The header, and the cells of each row by image. Raises DataError."""
    try:
        check_file(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = [[cell.strip() for cell in line] for line in csv.reader(file) if line] or [[]]
    except DataError as error:
        raise DataError(f"data.columns: {error}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"data.columns: {path} cannot be read ({error})") from None
    if FILE not in header or len(set(header)) < len(header):
        raise DataError(f"{path}: its first line has to name every column once, one of them {FILE!r}: it has {header}")
    rows: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 2):
        if len(line) != len(header):
            raise DataError(f"{path}, row {number}: {len(header)} cells are needed, and there are {len(line)}")
        image = line[header.index(FILE)]
        if image in rows:
            raise DataError(f"{path}, row {number}: {image} has a row already")
        rows[image] = line
    return header, rows


def _parse(path: Path, name: str, cells: Sequence[str], kind: ColumnKind | None) -> tuple[Column, Tensor]:
    numbers = [_number(cell) for cell in cells]
    if kind == "categorical" or (kind is None and None in numbers):
        names = tuple(sorted(set(cells) - {""}, key=_in_numeric_order))
        category = {"": -1, **{text: index for index, text in enumerate(names)}}
        return Column("categorical", names), torch.tensor([category[cell] for cell in cells], dtype=torch.int64)
    for image, (cell, number) in enumerate(zip(cells, numbers, strict=True)):
        if number is None:
            raise DataError(f"{path}: {cell!r} in the column {name!r}, of image {image + 1}, is no number")
    return Column(kind or "continuous"), torch.tensor(numbers, dtype=torch.float64)


def _number(cell: str) -> float | None:
    """The number in a cell; NaN for an empty one, None for another text."""
    if not cell:
        return math.nan
    try:
        number = float(cell)
    except ValueError:
        return None
    return None if math.isinf(number) else number


def _in_numeric_order(text: str) -> tuple[bool, float, str]:
    """A key that sorts numbers as numbers, before other texts."""
    number = _number(text)
    return (number is None, number if number is not None else 0.0, text)
