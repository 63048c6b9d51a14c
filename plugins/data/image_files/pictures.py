"""The base of datasets of image files."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import DataError, DataSource, Decoded, ImageSet, SpecPath, StoredImages, cache_folder
from gan_run.plugins.data.image_files.decoding import Decoder, OnError, decode_pictures

logger = logging.getLogger("gan_run")

NAMED_WHEN_SKIPPED = 5
"""How many of the skipped files the log names."""


class Pictures(DataSource, ABC):
    """A dataset of image files, decoded once into a cache."""

    root: SpecPath = Field(description="The folder of the files.")
    mirror: bool = Field(default=False, description="Whether to also train on the horizontally mirrored images.")
    on_error: OnError = Field(
        default="error",
        description="What to do about files that cannot be read; `skip` leaves them out and logs their names.",
    )
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("images"), description="The folder of the decoded images."
    )

    @abstractmethod
    def decoder(self) -> Decoder:
        """The decoder of the files.

        Returns:
            A decoder to images of one size and mode.
        """

    def read(
        self, split: Literal["train", "test"], paths: Sequence[Path], labels: Tensor | None, factors: Tensor | None
    ) -> ImageSet:
        """Read the images of a split.

        Args:
            split: Which split; `mirror` applies to training images alone.
            paths: The M files.
            labels: int64 (M,), or None.
            factors: float64 (M, K), or None.

        Returns:
            The images with their labels and factors, without skipped files.

        Raises:
            DataError: A file cannot be read and `on_error` is "error", or no file can be read.
        """
        decoded = decode_pictures(paths, self.decoder(), self.cache, self.on_error)
        images = decoded.images
        if decoded.unreadable:
            kept = _kept(decoded)
            images = images.select(kept.tolist()) if isinstance(images, StoredImages) else images[kept]
            labels, factors = (None if known is None else known[kept] for known in (labels, factors))
        return ImageSet(images, labels, self.mirror and split == "train", factors)


def _kept(decoded: Decoded) -> Tensor:
    """The rows of the readable files; logs the others. Raises DataError if there is none."""
    reasons = list(decoded.unreadable.values())
    if len(reasons) == len(decoded.images):
        raise DataError(f"none of the {len(reasons)} files can be read; the first: {reasons[0]}")
    more = len(reasons) - NAMED_WHEN_SKIPPED
    shown = [*reasons[:NAMED_WHEN_SKIPPED], *([f"and {more} more"] if more > 0 else [])]
    logger.warning("skipped %d of %d files: %s", len(reasons), len(decoded.images), "; ".join(shown))
    return torch.tensor([row for row in range(len(decoded.images)) if row not in decoded.unreadable])
