"""The description of a dataset: image shape, sizes of the splits, columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gan_run.core.base.image import UINT8, ImageShape, PixelCodec
from gan_run.core.images.columns import LABEL, Column

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class DataInfo:
    """The description of a data source, read from headers before any image is decoded."""

    image: ImageShape
    """(C, H, W) of every image."""
    sizes: Mapping[Split, int]
    """The number of images of each split, mirrored copies not counted. Without "train", the training split is a stream:
    it has neither a length nor random access, and `DataSource.feed` gives its batches in order."""
    columns: Mapping[str, Column] = field(default_factory=dict)
    """What is known of each image, by name. The column `label` is its class."""
    codec: PixelCodec = UINT8
    """How pixels are stored."""

    @property
    def is_stream(self) -> bool:
        """Whether the training split is a stream."""
        return "train" not in self.sizes

    def why_no_set(self, split: Split) -> str | None:
        """Why a split cannot be loaded as a set of images.

        Args:
            split: "train", "validation" or "test".

        Returns:
            The reason, or None: it can be loaded, though it may be empty.
        """
        if not self.is_stream or split in self.sizes:
            return None
        what = "a stream, which gives batches for training alone" if split == "train" else "empty"
        return f"the {split} split is {what}"

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the categories of the column `label`; None where images have no classes."""
        return self.columns[LABEL].names if LABEL in self.columns else None

    @property
    def factors(self) -> dict[str, Column]:
        """The columns with one number per image, besides the class: a pose, a light, an identity."""
        return {name: column for name, column in self.columns.items() if name != LABEL and column.shape == ()}
