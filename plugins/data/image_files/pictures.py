"""The base of datasets of image files."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field

from gan_run import (
    Columns,
    DataError,
    DataSource,
    ImageSet,
    PictureDecoder,
    SpecPath,
    Split,
    cache_folder,
    list_pictures,
    read_pictures,
)


class Pictures(DataSource, ABC):
    """A dataset of image files, decoded once into a cache."""

    root: SpecPath = Field(description="The folder of the files.")
    mirror: bool = Field(default=False, description="Whether to also train on the horizontally mirrored images.")
    on_error: Literal["error", "skip"] = Field(
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

    def listed(self) -> list[PurePosixPath]:
        """The image files in `root` and its subfolders, relative to it. Raises DataError."""
        try:
            return list_pictures(self.root)
        except DataError as error:
            raise DataError(f"data.root: {error}") from None

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
        images = read_pictures(
            self.root,
            [path.relative_to(self.root).as_posix() for path in paths],
            self.decoder(),
            self.cache,
            columns,
            skip_unreadable=self.on_error == "skip",
            advice='; set data.on_error to "skip" to skip such files',
        )
        return images.select(slice(None), mirrored=True) if self.mirror and split == "train" else images
