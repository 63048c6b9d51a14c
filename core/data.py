"""Where images come from: a source describes itself from headers, and opens its splits as uint8 in memory."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from gan_run.core.component import Component
from gan_run.core.errors import DataError
from gan_run.core.image import ImageShape, to_float
from gan_run.core.processes import ALONE, Processes
from gan_run.core.randomness import permutation
from gan_run.core.stored_images import StoredImages

Split = Literal["train", "validation", "test"]
FactorKind = Literal["continuous", "angle", "categorical"]
"""An angle is in degrees and comes round again at 360: a pose that does not is continuous. Categories are integers."""


class Factor(NamedTuple):
    """Something known of every image beyond its class: a pose, a light, an identity."""

    name: str
    kind: FactorKind


@dataclass(frozen=True)
class DataInfo:
    """What is known of a source before any image is decoded."""

    image: ImageShape
    sizes: Mapping[Split, int]
    """How many images each split has (before mirroring)."""
    class_names: tuple[str, ...] | None = None
    """What label 0, 1, … mean; None where images carry no labels."""
    factors: tuple[Factor, ...] = ()
    """What else is known of each image, by column of `ImageSet.factors`."""


class Batch(NamedTuple):
    """Images float (N, C, H, W) in [-1, 1]; labels int64 (N,) or None."""

    images: Tensor
    labels: Tensor | None


class ImageSet:
    """One split: images uint8 (M, C, H, W), labels int64 (M,) or None, factors float (M, K) or None.

    `mirrored` counts every image twice, the second time flipped left to right (StyleGAN2-ADA's x-flip), so that
    mirroring needs no randomness of its own. Images that stay in their file are read batch by batch.
    """

    def __init__(
        self,
        images: Tensor | StoredImages,
        labels: Tensor | None = None,
        mirrored: bool = False,
        factors: Tensor | None = None,
    ) -> None:
        assert len(images.shape) == 4
        assert images.dtype == torch.uint8
        for known in (labels, factors):
            assert known is None or len(known) == len(images)
        self._images = images
        self.labels = labels
        self.mirrored = mirrored
        self.factors = factors

    def __len__(self) -> int:
        return self.count * (2 if self.mirrored else 1)

    @property
    def count(self) -> int:
        """How many images there are, mirrored copies left out."""
        return len(self._images)

    @property
    def images(self) -> Tensor:
        """All of them, (M, C, H, W): into memory, if they were in a file. `gather` gives some."""
        return self.gather(torch.arange(self.count)) if isinstance(self._images, StoredImages) else self._images

    def gather(self, at: Tensor) -> Tensor:
        """The images at `at` (N,), uint8 (N, C, H, W). Indices may stay on the CPU, wherever the images are."""
        return self._images[at]

    def to(self, device: torch.device) -> "ImageSet":
        """The same images on `device`; those in a file come there batch by batch."""
        return self._with(self._images.to(device), lambda known: known.to(device), self.mirrored)

    def batch(self, indices: Tensor) -> Batch:
        """The images at `indices` (N,), normalised in bulk."""
        at = indices % self.count
        images = to_float(self.gather(at))
        if self.mirrored:
            flip = (indices >= self.count).view(-1, 1, 1, 1).to(images.device)
            images = torch.where(flip, images.flip(3), images)
        return Batch(images, None if self.labels is None else self.labels[at])

    def split_off(self, last: int) -> tuple["ImageSet", "ImageSet"]:
        """All but the `last` images, and those, which are not mirrored."""
        cut = self.count - last
        return self._part(slice(cut), self.mirrored), self._part(slice(cut, None), False)

    def _part(self, rows: slice, mirrored: bool) -> "ImageSet":
        return self._with(self._images[rows], lambda known: known[rows], mirrored)

    def _with(self, images: Tensor | StoredImages, change: Callable[[Tensor], Tensor], mirrored: bool) -> "ImageSet":
        labels, factors = (None if known is None else change(known) for known in (self.labels, self.factors))
        return ImageSet(images, labels, mirrored, factors)


class Feed:
    """An endless, shuffled stream of batches that can be entered at any position.

    Epoch e is the permutation seeded by (seed, e), so batch k is the same whoever asks and whenever.
    """

    def __init__(self, images: ImageSet, batch_size: int, seed: int, processes: Processes = ALONE) -> None:
        self.images = images
        self._processes = processes
        self.batch_size = batch_size
        self.seed = seed
        self._order = (-1, torch.empty(0, dtype=torch.int64))

    def batch(self, number: int) -> Batch:
        """This process's share of batch `number` of the stream, counted from 0. A batch may span the border of two
        epochs."""
        start, length = number * self.batch_size, len(self.images)
        wanted = self.batch_size
        pieces = []
        while wanted:
            epoch, offset = divmod(start, length)
            piece = self._epoch(epoch)[offset : offset + wanted]
            pieces.append(piece)
            start, wanted = start + len(piece), wanted - len(piece)
        return self.images.batch(self._processes.share(torch.cat(pieces)))

    def _epoch(self, epoch: int) -> Tensor:
        if self._order[0] != epoch:
            self._order = (epoch, permutation(len(self.images), self.seed, "epoch", epoch))
        return self._order[1]


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
