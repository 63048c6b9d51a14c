"""Images in an array file: the base of such sources, and the data source `array`."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator

from gan_run import DataError, DataInfo, DataSource, FactorKind, ImageSet, ImageShape, SpecPath, Split, split_by_name
from gan_run.plugins.data.array.factors import FactorTable, table_of_arrays
from gan_run.plugins.data.array.files import FORMATS, ArrayFile, Header

Layout = Literal["HW", "HWC", "CHW"]


class ImageArray(DataSource, ABC):
    """A dataset of images, labels and named factors in one file."""

    path: SpecPath = Field(description="The .npz or .safetensors file.")
    images: str = Field(default="images", description="Name of the array of images.")
    labels: str | None = Field(default=None, description="Name of the array of labels; null for none.")
    layout: Literal["auto", "HW", "HWC", "CHW"] = Field(
        default="auto",
        description="The order of an image's dimensions. `auto` finds the axis of 1 or 3 channels; if both ends fit, "
        "that is an error.",
    )
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="Approximate share of the images in the test split."
    )

    @field_validator("path")
    @classmethod
    def _check_suffix(cls, path: Path) -> Path:
        if path.suffix not in FORMATS:
            raise ValueError(f"{path.name} is neither .npz nor .safetensors")
        return path

    def describe(self) -> DataInfo:
        header, layout = self._images_header()
        count = header.shape[0]
        sizes: dict[Split, int] = {split: len(self._chosen(count, split)) for split in ("train", "test")}
        factors = self.table(count).factors
        return DataInfo(_image_shape(header.shape, layout), sizes, self._class_names(count), factors)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        header, layout = self._images_header()
        chosen = self._chosen(header.shape[0], split)
        labels = self._read_labels(header.shape[0])
        images = self.file.read(self.images)[chosen]
        if layout == "HW":
            images = images[:, None]
        elif layout == "HWC":
            images = images.transpose(0, 3, 1, 2)
        return ImageSet(
            torch.from_numpy(np.ascontiguousarray(images)),
            None if labels is None else torch.from_numpy(labels[chosen]),
            factors=self.table(header.shape[0]).rows(chosen),
        )

    @abstractmethod
    def table(self, count: int) -> FactorTable:
        """Read the factors of all images.

        Args:
            count: Number of images.

        Returns:
            The factors, possibly none.

        Raises:
            DataError: The file has no such factors, or their shape is wrong.
        """

    @property
    def file(self) -> ArrayFile:
        return FORMATS[self.path.suffix](self.path)

    def _images_header(self) -> tuple[Header, Layout]:
        header = self.file.header(self.images)
        if header.dtype != "uint8":
            raise self._wrong(self.images, f"is {header.dtype}: convert the images to uint8, from 0 to 255")
        layout = self._find_layout(header.shape)
        if 0 in header.shape:
            raise self._wrong(self.images, f"of shape {header.shape} is empty")
        return header, layout

    def _find_layout(self, shape: tuple[int, ...]) -> Layout:
        if len(shape) not in (3, 4):
            raise self._wrong(self.images, f"has shape {shape}, not (M, H, W), (M, H, W, C) or (M, C, H, W)")
        fitting = _fitting_layouts(shape)
        if self.layout != "auto":
            if self.layout not in fitting:
                raise self._wrong(
                    self.images, f"has shape {shape}, which is not {self.layout} with 1 or 3 channels: see data.layout"
                )
            return self.layout
        if not fitting:
            raise self._wrong(
                self.images, f"has shape {shape}: neither its first nor its last dimension has 1 or 3 channels"
            )
        if len(fitting) > 1:
            raise self._wrong(
                self.images,
                f'has shape {shape}, whose channels can be first or last: set data.layout to "HWC" or "CHW"',
            )
        return fitting[0]

    def _chosen(self, count: int, split: Literal["train", "test"]) -> list[int]:
        return split_by_name([str(index) for index in range(count)], split, self.test_fraction)

    def _class_names(self, count: int) -> tuple[str, ...] | None:
        labels = self._read_labels(count)
        return None if labels is None else tuple(str(k) for k in range(int(labels.max()) + 1))

    def _read_labels(self, count: int) -> NDArray[np.int64] | None:
        """Labels of all `count` images of both splits, so that both have the same classes."""
        if self.labels is None:
            return None
        header = self.file.header(self.labels)
        if header.shape != (count,):
            raise self._wrong(self.labels, f"has shape {header.shape}, but {count} images need ({count},)")
        if not header.dtype.startswith(("int", "uint")):
            raise self._wrong(self.labels, f"is {header.dtype}: labels have to be integers")
        labels = self.file.read(self.labels)
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= count:
            raise self._wrong(self.labels, f"runs from {low} to {high}: number the classes 0, 1, 2, …")
        return labels.astype(np.int64)

    def _wrong(self, key: str, what: str) -> DataError:
        return DataError(f"{self.path}: {key!r} {what}")


class Array(ImageArray):
    """A dataset in a .npz or .safetensors file. Images are uint8, (M, H, W), (M, H, W, C) or (M, C, H, W), with 1 or 3
    channels. Labels are integers 0, 1, …, (M,). Each named factor (pose, lighting) is an array of M numbers.

    The split of an image depends on its index alone. Labels are integers 0, 1, …, one per image. Factors (a pose, a
    light) are further arrays with one number per image.
    """

    type: Literal["array"] = "array"
    factors: dict[str, FactorKind] = Field(
        default_factory=dict,
        description="Factors: names of arrays with one number per image, each with its kind.",
    )

    def table(self, count: int) -> FactorTable:
        return table_of_arrays(self.file, self.factors, count)


def _fitting_layouts(shape: tuple[int, ...]) -> list[Layout]:
    if len(shape) == 3:
        return ["HW"]
    ends: dict[Layout, int] = {"HWC": shape[3], "CHW": shape[1]}
    return [layout for layout, channels in ends.items() if channels in (1, 3)]


def _image_shape(shape: tuple[int, ...], layout: Layout) -> ImageShape:
    if layout == "HW":
        return ImageShape(1, *shape[1:])
    if layout == "HWC":
        return ImageShape(shape[3], shape[1], shape[2])
    return ImageShape(*shape[1:])
