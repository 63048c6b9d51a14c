"""What sources made of many picture files have in common."""

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
"""How many of the skipped pictures the log names."""


class Pictures(DataSource, ABC):
    """Picture files, decoded once into a cache."""

    root: SpecPath = Field(description="The folder.")
    mirror: bool = Field(default=False, description="Whether to train on each picture flipped left to right, too.")
    on_error: OnError = Field(
        default="error", description="What to do about a picture that cannot be read; `skip` logs which ones."
    )
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("images"), description="Where the images made are kept."
    )

    @abstractmethod
    def decoder(self) -> Decoder:
        """How a file becomes an image."""

    def read(
        self, split: Literal["train", "test"], paths: Sequence[Path], labels: Tensor | None, factors: Tensor | None
    ) -> ImageSet:
        """The pictures of a split with what is known of each, less those that were to be skipped. Raises DataError."""
        decoded = decode_pictures(paths, self.decoder(), self.cache, self.on_error)
        images = decoded.images
        if decoded.unreadable:
            kept = _kept(decoded)
            images = images.select(kept.tolist()) if isinstance(images, StoredImages) else images[kept]
            labels, factors = (None if known is None else known[kept] for known in (labels, factors))
        return ImageSet(images, labels, self.mirror and split == "train", factors)


def _kept(decoded: Decoded) -> Tensor:
    """The rows that could be read; says in the log what could not."""
    reasons = list(decoded.unreadable.values())
    if len(reasons) == len(decoded.images):
        raise DataError(f"none of the {len(reasons)} pictures can be used; the first: {reasons[0]}")
    more = len(reasons) - NAMED_WHEN_SKIPPED
    shown = [*reasons[:NAMED_WHEN_SKIPPED], *([f"and {more} more"] if more > 0 else [])]
    logger.warning("skipped %d of %d pictures: %s", len(reasons), len(decoded.images), "; ".join(shown))
    return torch.tensor([row for row in range(len(decoded.images)) if row not in decoded.unreadable])
