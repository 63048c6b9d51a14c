"""The base of datasets of image files."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Columns, DataError, DataSource, Decoded, ImageSet, PictureDecoder, SpecPath, Split, cache_folder
from gan_run.plugins.data.image_files.decoding import OnError, decode_pictures

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
    def decoder(self) -> PictureDecoder:
        """The decoder of the files.

        Returns:
            A decoder to images of one size and mode.
        """

    def read(self, split: Split, paths: Sequence[Path], columns: Columns) -> ImageSet:
        """Read the images of a split.

        Args:
            split: Which split; `mirror` applies to training images alone.
            paths: The M files.
            columns: What is known of each image, (M, …) by name.

        Returns:
            The images with their columns, named by their files, without skipped files.

        Raises:
            DataError: A file cannot be read and `on_error` is "error", or no file can be read.
        """
        decoded = decode_pictures(paths, self.decoder(), self.cache, self.on_error)
        mirrored = self.mirror and split == "train"
        names = [path.relative_to(self.root).as_posix() for path in paths]
        images = ImageSet(decoded.images, columns, mirrored, names=names)
        return images.select(_kept(decoded), mirrored) if decoded.unreadable else images


def _kept(decoded: Decoded) -> Tensor:
    """The rows of the readable files; logs the others. Raises DataError if there is none."""
    reasons = list(decoded.unreadable.values())
    count = decoded.images.shape[0]
    if len(reasons) == count:
        raise DataError(f"none of the {len(reasons)} files can be read; the first: {reasons[0]}")
    more = len(reasons) - NAMED_WHEN_SKIPPED
    shown = [*reasons[:NAMED_WHEN_SKIPPED], *([f"and {more} more"] if more > 0 else [])]
    logger.warning("skipped %d of %d files: %s", len(reasons), count, "; ".join(shown))
    return torch.tensor([row for row in range(count) if row not in decoded.unreadable])
