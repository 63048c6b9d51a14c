"""Where images come from: a source describes itself from headers, and opens its splits as uint8 in memory."""

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from gan_run.core.base.errors import DataError
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo, Split
from gan_run.core.kinds.component import Component


class DataSource(Component):
    """The declaration of a source of images."""

    kind: ClassVar[str] = "data"
    batch_size: int = Field(default=64, ge=1, description="Real images in each update, and generated ones.")
    validation: int = Field(default=0, ge=0, description="How many of the last training images to hold out.")

    @abstractmethod
    def describe(self) -> DataInfo:
        """Shape, sizes and classes, from headers only. Raises DataError where the data is absent or damaged.

        `sizes` are those of `load`: the engine takes `validation` images off the end of the training split. A source
        with validation images of its own gives their number too, and overrides `open`.
        """

    @abstractmethod
    def load(self, split: Literal["train", "test"]) -> ImageSet:
        """Every image of a split, decoded. Raises DataError."""

    def open(self, split: Split) -> ImageSet:
        """A split as metrics and training see it, with the `validation` images held out of training."""
        if split == "test":
            return self.load("test")
        whole = self.load("train")
        if self.validation >= whole.count:
            raise DataError(f"validation: {self.validation} leaves nothing of {whole.count} training images")
        train, validation = whole.split_off(self.validation)
        return train if split == "train" else validation

    def check_sizes(self, info: DataInfo) -> None:
        """Refuse a validation split that `info` has no room for."""
        if self.validation >= info.sizes["train"]:
            raise DataError(f"data.validation: {self.validation} leaves nothing of {info.sizes['train']} images")


class Splits:
    """A source's splits, each opened on first use and kept."""

    def __init__(self, source: DataSource) -> None:
        self._source = source
        self._open: dict[Split, ImageSet] = {}

    @cached_property
    def info(self) -> DataInfo:
        """What the source says of itself. Raises DataError."""
        return self._source.describe()

    def __getitem__(self, split: Split) -> ImageSet:
        if split not in self._open:
            images = self._source.open(split)
            if not len(images):
                raise DataError(
                    f"the {split} split is empty" + (": set data.validation" if split == "validation" else "")
                )
            self._open[split] = images
        return self._open[split]
