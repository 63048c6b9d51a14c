"""Images in an array file: the base of such sources, and the data source `array`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor

from gan_run import (
    ArrayFile,
    ArrayHeader,
    Column,
    ColumnKind,
    DataError,
    DataInfo,
    DataSource,
    ImageSet,
    PixelCodec,
    SpecPath,
    Split,
    array_file,
    split_by_name,
    unseen_categories,
    warn_of_uneven_split,
)
from gan_run.plugins.data.array.columns import Table, read_column, table_of_arrays
from gan_run.plugins.data.array.layout import Layout, LayoutName, guesses
from gan_run.plugins.data.array.pixels import TYPES, codec_of, mistake_in, stored

LABEL = "label"


class ImageArray(DataSource, ABC):
    """A dataset of images, classes and further columns in one file."""

    path: SpecPath = Field(description="The .npz, .npy, .safetensors or .h5 file (h5: the extra hdf5).")
    images: str = Field(default="images", description="Name of the array of images.")
    range: tuple[float, float] | None = Field(
        default=None,
        description="The pixel values that become -1 and 1 in the networks, such as [0, 1]. By default the whole range "
        "of an integer type; real numbers need it.",
    )
    labels: str | None = Field(
        default=None, description="Name of the array of classes, which become the column `label`; null for none."
    )
    layout: LayoutName = Field(
        default="auto",
        description="The order of an image's axes: C are the channels, H and W of a picture, L of a signal, D H W of a "
        "volume. `auto` finds the axis of 1 or 3 channels of pictures, else that of 2 or 4; if both ends fit, it is an "
        "error.",
    )
    groups: str | None = Field(
        default=None,
        description="Name of an array with one value per image, such as a person: images of one group are in the same "
        "split.",
    )
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="Approximate share of the images, or groups, in the test split."
    )

    @field_validator("path")
    @classmethod
    def _check_suffix(cls, path: Path) -> Path:
        return array_file(path).path

    @field_validator("range")
    @classmethod
    def _check_range(cls, given: tuple[float, float] | None) -> tuple[float, float] | None:
        if given is not None and not given[0] < given[1]:
            raise ValueError(f"{given[0]:g} is not below {given[1]:g}")
        return given

    def describe(self) -> DataInfo:
        header, layout, codec = self._images_header()
        count = header.shape[0]
        sizes: dict[Split, int] = {split: len(self._chosen(count, split)) for split in ("train", "test")}
        warn_of_uneven_split(sizes["train"], sizes["test"], self.test_fraction)
        table = self._all_columns(count)
        columns = dict(table.columns)
        if LABEL in columns and (names := columns[LABEL].names) is not None:
            seen = table.values[LABEL][self._chosen(count, "train")]
            columns[LABEL] = replace(columns[LABEL], unseen=unseen_categories(seen, len(names)))
        return DataInfo(layout.image_shape(header.shape), sizes, columns, codec)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        header, layout, codec = self._images_header()
        rows = torch.tensor(self._chosen(header.shape[0], split), dtype=torch.int64)
        values = self._all_columns(header.shape[0]).values
        pixels = stored(layout.channels_first(self.file.read(self.images)[rows.numpy()]), codec)
        if pixels.numel() and (mistake := mistake_in(pixels, codec)):
            raise self._wrong(self.images, mistake)
        return ImageSet(pixels, {name: value[rows] for name, value in values.items()}, codec=codec)

    @abstractmethod
    def table(self, count: int) -> Table:
        """Read the columns of all images, but the class.

        Args:
            count: Number of images.

        Returns:
            The columns, possibly none.

        Raises:
            DataError: The file has no such columns, or their shape is wrong.
        """

    @property
    def file(self) -> ArrayFile:
        return array_file(self.path)

    def _images_header(self) -> tuple[ArrayHeader, Layout, PixelCodec]:
        header = self.file.header(self.images)
        if header.dtype not in TYPES:
            raise self._wrong(self.images, f"is {header.dtype}: pixels of {', '.join(TYPES)} can be read")
        codec = codec_of(header.dtype, self.range)
        if codec is None:
            raise self._wrong(self.images, f"is {header.dtype}: set data.range to the range of its pixels, as [0, 1]")
        layout = self._find_layout(header.shape)
        if 0 in header.shape:
            raise self._wrong(self.images, f"of shape {header.shape} is empty")
        self.file.check_memory(self.images, header)
        return header, layout, codec

    def _find_layout(self, shape: tuple[int, ...]) -> Layout:
        if self.layout != "auto":
            layout = Layout(self.layout)
            if not layout.fits(shape):
                raise self._wrong(self.images, f"has shape {shape}, not (M, {', '.join(layout.axes)}): see data.layout")
            return layout
        if len(shape) not in (3, 4):
            raise self._wrong(
                self.images, f"has shape {shape}, not (M, H, W), (M, H, W, C) or (M, C, H, W): set data.layout"
            )
        fitting = guesses(shape)
        if not fitting:
            raise self._wrong(
                self.images,
                f"has shape {shape}: neither its first nor its last dimension has 1 to 4 channels: set data.layout",
            )
        if len(fitting) > 1:
            raise self._wrong(
                self.images,
                f'has shape {shape}, whose channels can be first or last: set data.layout to "HWC" or "CHW"',
            )
        return fitting[0]

    def _chosen(self, count: int, split: Literal["train", "test"]) -> list[int]:
        names = [str(index) for index in range(count)]
        if self.groups is not None:
            header = self.file.header(self.groups)
            if header.shape != (count,):
                raise self._wrong(self.groups, f"has shape {header.shape}, but {count} images need ({count},)")
            names = [str(group) for group in self.file.read(self.groups)]
        return split_by_name(names, split, self.test_fraction)

    def _all_columns(self, count: int) -> Table:
        table = self.table(count)
        if self.labels is None:
            return table
        labels = self._read_labels(self.labels, count)
        names = tuple(str(k) for k in range(int(labels.max()) + 1))
        columns = {LABEL: Column("categorical", names), **table.columns}
        return Table(columns, {**table.values, LABEL: labels})

    def _read_labels(self, key: str, count: int) -> Tensor:
        """Classes of all `count` images of both splits, so that both have the same classes."""
        header = self.file.header(key)
        if header.shape != (count,):
            raise self._wrong(key, f"has shape {header.shape}, but {count} images need ({count},)")
        if not header.dtype.startswith(("int", "uint")):
            raise self._wrong(key, f"is {header.dtype}: labels have to be integers")
        labels = read_column(self.file, key, "categorical", count)
        low, high = int(labels.min()), int(labels.max())
        if low < -1 or high >= count:
            raise self._wrong(
                key, f"runs from {low} to {high}: number the classes 0, 1, 2, …, and -1 where it is not known"
            )
        return labels

    def _wrong(self, key: str, what: str) -> DataError:
        return DataError(f"{self.path}: {key!r} {what}")


class Array(ImageArray):
    """A dataset in a .npz, .npy, .safetensors or .h5 file.

    Images are uint8, uint16 or real numbers, (M, H, W), (M, H, W, C) or (M, C, H, W); signals and volumes need
    `layout`. A .npy file has images alone. Labels are integers 0, 1, …, (M,). Each further column (a pose, a light, an
    embedding) is an array of M numbers or vectors; -1 and NaN are missing values.

    The split of an image depends on its index alone, or on its group.
    """

    renamed: ClassVar[Mapping[str, str]] = {"factors": "columns"}
    type: Literal["array"] = "array"
    columns: dict[str, ColumnKind] = Field(
        default_factory=dict,
        description="Columns: names of arrays with a number or a vector per image, each with its kind.",
    )

    def table(self, count: int) -> Table:
        return table_of_arrays(self.file, self.columns, count)
