"""What both sources have in common: a set is rendered once, into a folder, and read from there."""

import json
from abc import ABC, abstractmethod
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from gan_run import (
    DataInfo,
    DataSource,
    Factor,
    ImageSet,
    ImageShape,
    SpecPath,
    Split,
    cache_folder,
    split_by_name,
)
from gan_run_rendered3d.apart import render_apart
from gan_run_rendered3d.keeping import Arrays, Rendered, is_kept, read, write


class RenderedSet(DataSource, ABC):
    """Images that are made at the first run and kept, beside a table of who made the models."""

    channels: ClassVar[int]
    factors: ClassVar[tuple[Factor, ...]]
    models_fields: ClassVar[frozenset[str]]
    """Fields that say where models are found, which what is kept no longer needs."""

    folder: SpecPath | None = Field(
        default=None, description="Where images.npz and attribution.tsv are kept; null: in the user's cache."
    )
    size: int = Field(ge=8, le=512, description="Height and width of the images, in pixels.")
    test_fraction: float = Field(default=0.1, ge=0, lt=1, description="About which part of the images to test on.")

    @property
    @abstractmethod
    def count(self) -> int:
        """How many images the set has. Raises DataError."""

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Of the labels, if there are any. Raises DataError."""
        return None

    @abstractmethod
    def render(self) -> Rendered:
        """All images, with their factors. Raises DataError."""

    @abstractmethod
    def labels(self, arrays: Arrays) -> NDArray[np.int64] | None:
        """Every image's label, from the arrays kept."""

    @abstractmethod
    def table(self, arrays: Arrays) -> NDArray[np.float64]:
        """Every image's factors (M, K), from the arrays kept."""

    def describe(self) -> DataInfo:
        sizes: dict[Split, int] = {split: len(self._chosen(split)) for split in ("train", "test")}
        return DataInfo(ImageShape(self.channels, self.size, self.size), sizes, self.class_names, self.factors)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        arrays = self.kept()
        if arrays is None:
            render_apart(self)
            arrays = read(self.home, self.recipe())
        chosen = self._chosen(split)
        images = arrays["images"].reshape(self.count, self.size, self.size, self.channels)[chosen]
        labels = self.labels(arrays)
        return ImageSet(
            torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
            None if labels is None else torch.from_numpy(labels[chosen]),
            factors=torch.from_numpy(self.table(arrays)[chosen]),
        )

    def render_and_keep(self) -> None:
        """All images into `home`, by this process: see `render_apart`. Raises DataError."""
        write(self.home, self.recipe(), self.render())

    def kept(self, *names: str) -> Arrays | None:
        """The arrays called `names`, or all, if `home` has any. Raises DataError if it is not what this source is to
        be."""
        return read(self.home, self.recipe(), *names) if is_kept(self.home) else None

    @property
    def home(self) -> Path:
        """Where the renders are kept: `folder`, or one of the cache's that is this recipe's alone."""
        if self.folder is not None:
            return self.folder
        digest = sha256(json.dumps(self.recipe(), sort_keys=True).encode()).hexdigest()
        return cache_folder(self.name()) / digest[:16]

    def recipe(self) -> dict[str, object]:
        """All that decides what the images look like."""
        no_matter = {"folder", "validation", "test_fraction", *self.models_fields}
        return self.model_dump(mode="json", exclude=no_matter)

    def _chosen(self, split: Literal["train", "test"]) -> list[int]:
        return split_by_name([str(index) for index in range(self.count)], split, self.test_fraction)
