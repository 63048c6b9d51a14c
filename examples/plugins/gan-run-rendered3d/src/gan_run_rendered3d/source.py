"""The base of the rendered datasets: rendered once into a folder, and read from there."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from gan_run import (
    Column,
    DataInfo,
    DataSource,
    ImageSet,
    ImageShape,
    SpecPath,
    Split,
    cache_folder,
    split_by_name,
)
from gan_run_rendered3d.apart import render_apart
from gan_run_rendered3d.keeping import Arrays, Rendered, check_writable, is_kept, read, write


class RenderedSet(DataSource, ABC):
    """A dataset that is rendered at the first run and stored, with an attribution table of its models."""

    channels: ClassVar[int]
    factors: ClassVar[Mapping[str, Column]]
    models_fields: ClassVar[frozenset[str]]
    """Fields that locate the models; they are no part of the recipe."""

    folder: SpecPath | None = Field(
        default=None, description="The folder of images.npz and attribution.tsv; null: in the user's cache."
    )
    size: int = Field(ge=8, le=512, description="Height and width of the images, in pixels.")
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="Approximate fraction of the images in the test split."
    )

    @property
    @abstractmethod
    def count(self) -> int:
        """The number of images. Raises DataError."""

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes, or None if there are no labels. Raises DataError."""
        return None

    @abstractmethod
    def render(self) -> Rendered:
        """Render all images with their factors. Raises DataError."""

    @abstractmethod
    def labels(self, arrays: Arrays) -> NDArray[np.int64] | None:
        """The labels (M,) of all images, from the stored arrays; None if there are none."""

    @abstractmethod
    def table(self, arrays: Arrays) -> NDArray[np.float64]:
        """The factors (M, K) of all images, from the stored arrays."""

    def describe(self) -> DataInfo:
        sizes: dict[Split, int] = {split: len(self._chosen(split)) for split in ("train", "test")}
        names = self.class_names
        label = {} if names is None else {"label": Column("categorical", names)}
        return DataInfo(ImageShape(self.channels, self.size, self.size), sizes, {**label, **self.factors})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        arrays = self.kept()
        if arrays is None:
            check_writable(self.home)
            render_apart(self)
            arrays = read(self.home, self.recipe())
        chosen = self._chosen(split)
        images = arrays["images"].reshape(self.count, self.size, self.size, self.channels)[chosen]
        labels, table = self.labels(arrays), torch.from_numpy(self.table(arrays)[chosen])
        columns = {} if labels is None else {"label": torch.from_numpy(labels[chosen])}
        columns |= {name: table[:, index] for index, name in enumerate(self.factors)}
        return ImageSet(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))), columns)

    def render_and_keep(self) -> None:
        """Render all images and store them in `home`, in this process: see `render_apart`. Raises DataError."""
        write(self.home, self.recipe(), self.render())

    def kept(self, *names: str) -> Arrays | None:
        """The stored arrays `names` (all if none is given), or None if nothing is stored.

        Raises:
            DataError: The stored dataset is damaged or of another recipe.
        """
        return read(self.home, self.recipe(), *names) if is_kept(self.home) else None

    @property
    def home(self) -> Path:
        """The folder of the renders: `folder`, or one in the user's cache that is named by a digest of the recipe."""
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
