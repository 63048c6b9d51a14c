"""A dataset from a folder of image files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

import torch
from pydantic import Field

from gan_run import (
    Column,
    ColumnKind,
    DataError,
    DataInfo,
    ImageSet,
    Problem,
    ResizedPictures,
    SpecPath,
    SpecView,
    Split,
    log_left_out,
    split_by_name,
    suggest,
    warn_of_uneven_split,
)
from gan_run.plugins.data.image_files.pictures import Pictures
from gan_run.plugins.data.image_files.table import EMPTY, ListedPictures, Table, log_unused, read_table, stated_splits


class ImageFolder(ResizedPictures, Pictures):
    """The image files in a folder and its subfolders, resized to one size.

    Images are rotated upright (EXIF). Transparent ones are composited onto `background`, unless `channels` is 4. The
    split of an image depends on its path relative to `root` alone (or on its group, or on a column of the CSV file), so
    adding files moves no image from one split to the other. Decoded images are kept in `cache`, so that only the first
    run decodes the files.
    """

    type: Literal["image-folder"] = "image-folder"
    labels: Literal["none", "folders"] = Field(
        default="none",
        description='With "folders", the class of an image is the folder directly in `root` that holds it.',
    )
    columns: SpecPath | None = Field(
        default=None,
        description="A CSV file with a row per image: `file` is its path in `root`, every other column becomes "
        "a column of the data. An empty cell is a missing value.",
    )
    kinds: dict[str, ColumnKind] = Field(
        default_factory=dict,
        description="Kinds of columns of the CSV file; by default continuous where all cells are numbers, else "
        "categorical.",
    )
    split: str | None = Field(
        default=None,
        description="The column of the CSV file with the split of each image: train, validation or test.",
    )
    groups: str | None = Field(
        default=None,
        description="A column of the CSV file, such as a person: images with the same value are in the same split.",
    )
    test_fraction: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Approximate fraction of the images, or groups, in the test split; without use with `split`.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for field in ("kinds", "split", "groups"):
            if getattr(self, field) and self.columns is None:
                yield Problem((field,), "it names columns of a CSV file: give the file in data.columns")
        if self.split is not None and self.groups is not None:
            yield Problem(("groups",), "the column in data.split decides the splits: give one of the two")

    def describe(self) -> DataInfo:
        """From the file names and the CSV file alone, without decoding: unreadable files are counted too."""
        pictures = self._pictures()
        chosen = {split: len(pictures.of_split(split)) for split in pictures.splits}
        if self.split is None:
            warn_of_uneven_split(chosen["train"], chosen["test"], self.test_fraction)
        return DataInfo(self.decoder().image, chosen, pictures.described())

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        pictures = self._pictures()
        if split == "train":
            log_left_out(self.root, [] if self.columns is None else [self.columns])
            if self.columns is not None:
                log_unused(self.columns, pictures.unused)
        return self._load(pictures, split)

    def load_validation(self) -> ImageSet | None:
        pictures = self._pictures()
        return self._load(pictures, "validation") if "validation" in pictures.splits else None

    def _load(self, pictures: ListedPictures, split: Split) -> ImageSet:
        rows = pictures.of_split(split)
        values = {name: value[rows] for name, value in pictures.values.items()}
        return self.read(split, [self.root / pictures.paths[row] for row in rows], values)

    def _pictures(self) -> ListedPictures:
        """All pictures, with what is known of each."""
        paths = self.listed()
        names = [str(path) for path in paths]
        apart = () if self.split is None else (self.split,)
        table = EMPTY if self.columns is None else read_table(self.columns, names, self.kinds, apart)
        columns, values = dict(table.columns), dict(table.values)
        if self.labels == "folders":
            if "label" in columns:
                raise DataError(f'{self.columns} has a column label: set data.labels to "none", or rename it')
            classes = {name: index for index, name in enumerate(_class_names(paths, self.root))}
            columns["label"] = Column("categorical", tuple(classes))
            values["label"] = torch.tensor([classes[path.parts[0]] for path in paths], dtype=torch.int64)
        return ListedPictures(names, columns, values, self._splits(names, table), table.unused)

    def _splits(self, names: Sequence[str], table: Table) -> Mapping[Split, Sequence[int]]:
        if self.split is not None:
            return stated_splits(self.columns, self.split, table.text[self.split])
        if self.groups is not None and self.groups not in table.text:
            raise DataError(f"{self.columns} has no column {self.groups!r}{suggest(self.groups, table.text)}")
        keys = names if self.groups is None else table.text[self.groups]
        return {split: split_by_name(keys, split, self.test_fraction) for split in ("train", "test")}


def _class_names(paths: list[PurePosixPath], root: Path) -> tuple[str, ...]:
    """The names of the folders directly in `root` that have images, sorted. Raises DataError for an image in none."""
    for path in paths:
        if len(path.parts) == 1:
            raise DataError(
                f'data.labels: with "folders" the folder in {root} is the class, but {path} is in none: move it, '
                'or set data.labels to "none"'
            )
    return tuple(sorted({path.parts[0] for path in paths}))
