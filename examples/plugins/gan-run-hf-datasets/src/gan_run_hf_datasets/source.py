"""The data source `hf-datasets`."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    ColumnKind,
    DataError,
    DataInfo,
    DataSource,
    ImageSet,
    Problem,
    ResizedPictures,
    SelectedImages,
    SpecPath,
    SpecView,
    Split,
    cache_folder,
    permutation,
    split_by_name,
    suggest,
)
from gan_run_hf_datasets.columns import Read, check_column, read_column
from gan_run_hf_datasets.opening import Tables, open_hub, open_path
from gan_run_hf_datasets.pictures import TablePictures

if TYPE_CHECKING:
    from datasets import Dataset

LABEL = "label"


class Part(NamedTuple):
    """A split: rows of a table."""

    table: "Dataset"
    rows: Tensor
    """int64 (M,)."""


class HfDatasets(ResizedPictures, DataSource):
    """A dataset of the library `datasets` (Lhoest et al. 2021): saved by `save_to_disk`, or parquet files.

    Tables are memory-mapped, and pictures are decoded as they are read, so a dataset may be larger than memory. Images
    are upright (EXIF); transparent ones are composited onto `background`, unless `channels` is 4. Nothing is downloaded
    unless `hub` names a dataset.
    """

    type: Literal["hf-datasets"] = "hf-datasets"
    path: SpecPath | None = Field(
        default=None, description="A folder written by `save_to_disk`, a .parquet file, or a folder of those."
    )
    hub: str | None = Field(
        default=None, description="In place of `path`: a dataset of the Hugging Face Hub, which is downloaded."
    )
    config: str | None = Field(default=None, description="Which configuration of `hub`, if it has several.")
    revision: str | None = Field(default=None, description="Which commit, tag or branch of `hub`.")
    image: str = Field(
        default="image", description="The column of pictures, of the bytes of picture files, or of their paths."
    )
    label: str | None = Field(default=None, description="The column of classes, which becomes `label`; null for none.")
    columns: dict[str, ColumnKind] = Field(
        default_factory=dict,
        description="Further columns, each with its kind: numbers or lists of as many numbers; categories may be class "
        "labels, integers or strings. An empty cell is a missing value.",
    )
    splits: dict[Split, str] = Field(
        default_factory=dict,
        description="The dataset's names for its splits, where they are not train, validation and test.",
    )
    test_fraction: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Approximate share of the test split of a dataset of one split alone; an image's row decides.",
    )
    mirror: bool = Field(default=False, description="Whether to also train on the horizontally mirrored images.")
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("hf-datasets"),
        description="The folder of memory-mapped tables of parquet files, and of downloads.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if (self.path is None) == (self.hub is None):
            yield Problem(("path",), "give either the path of a dataset or, to download one, its name in data.hub")
        for field in ("config", "revision"):
            if getattr(self, field) is not None and self.hub is None:
                yield Problem((field,), "it belongs to a dataset of the hub: give its name in data.hub")
        if self.label is not None and LABEL in self.columns:
            yield Problem(("columns", LABEL), "the column label is that of data.label: set that to null")

    def describe(self) -> DataInfo:
        parts = self._parts()
        for part in parts.values():
            check_column(part.table, self.image, "image")
            TablePictures(part.table, self.image, self.decoder())
        sizes: dict[Split, int] = {split: len(part.rows) for split, part in parts.items()}
        columns = {name: read.column for name, read in self._columns(parts).items()}
        return DataInfo(self.decoder().image, sizes, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        return self._load(self._parts(), split)

    def load_validation(self) -> ImageSet | None:
        parts = self._parts()
        return self._load(parts, "validation") if "validation" in parts else None

    def _load(self, parts: Mapping[Split, Part], split: Split) -> ImageSet:
        table, rows = parts[split]
        check_column(table, self.image, "image")
        pictures = SelectedImages(TablePictures(table, self.image, self.decoder()), rows)
        which = list(parts).index(split)
        values = {name: read.values[which][rows] for name, read in self._columns(parts).items()}
        return ImageSet(pictures, values, self.mirror and split == "train")

    def _columns(self, parts: Mapping[Split, Part]) -> dict[str, Read]:
        """The columns of all splits' tables, so that a category has one number in all."""
        tables = [part.table for part in parts.values()]
        label = {} if self.label is None else {LABEL: read_column(tables, self.label, "categorical", "label")}
        others = {name: read_column(tables, name, kind, f"columns.{name}") for name, kind in self.columns.items()}
        return {**label, **others}

    def _parts(self) -> dict[Split, Part]:
        """The splits. Raises DataError."""
        tables = self._tables()
        if len(tables) == 1 and not self.splits:
            (table,) = tables.values()
            names = [str(row) for row in range(table.num_rows)]
            return {
                split: Part(table, torch.tensor(split_by_name(names, split, self.test_fraction), dtype=torch.int64))
                for split in ("train", "test")
            }
        return {split: _whole(tables, name, split) for split, name in self._named(tables).items()}

    def _named(self, tables: Tables) -> dict[Split, str]:
        """The name of the table of each split. A table `validation` is one unless it is trained or tested on."""
        names: dict[Split, str] = {"train": "train", "test": "test", **self.splits}
        if "validation" in tables and "validation" not in names.values():
            names.setdefault("validation", "validation")
        return names

    def _tables(self) -> Tables:
        if self.path is not None:
            return open_path(self.path, self.cache)
        if self.hub is None:
            raise DataError("data.path: give the path of a dataset")
        return open_hub(self.hub, self.config, self.revision, self.cache)


def _whole(tables: Tables, name: str, split: Split) -> Part:
    """A table as a split, in a random order: validation images are taken off the end, and tables may be sorted."""
    if name not in tables:
        raise DataError(
            f"data.splits: the dataset has no split {name!r}{suggest(name, tables)}; give the name of its {split} split"
        )
    return Part(tables[name], permutation(tables[name].num_rows, "hf-datasets", split))
