"""The base of sources that have every combination of some factors once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from gan_run import (
    Column,
    Columns,
    DataInfo,
    DataSource,
    ImageSet,
    ImageShape,
    PixelCodec,
    SpecPath,
    Split,
    Unpacking,
    cache_folder,
    split_at_random,
    unpack_once,
)


class Lattice(DataSource, ABC):
    """Every combination of some factors once. Training and test images are drawn at random, always the same ones."""

    codec: ClassVar[PixelCodec] = PixelCodec()
    test: int = Field(ge=0, description="Number of test images.")
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("images"), description="The folder of the unpacked images."
    )

    def describe(self) -> DataInfo:
        found = self.unpacking()
        return self.described(found.image, found.count)

    def described(self, image: ImageShape, count: int) -> DataInfo:
        """The description of a lattice.

        Args:
            image: The shape of its images.
            count: The number of its images, of both splits.

        Returns:
            The description, with the sizes of the splits.
        """
        sizes: dict[Split, int] = {
            "train": len(self._rows("train", count)),
            "test": len(self._rows("test", count)),
        }
        return DataInfo(image, sizes, self.columns(), self.codec)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        found = self.unpacking()
        images = ImageSet(unpack_once(found, self.cache), self.values(), codec=self.codec)
        return images.select(self._rows(split, found.count))

    @abstractmethod
    def unpacking(self) -> Unpacking:
        """Find the files, and read no more than their headers.

        Returns:
            All M images of both splits.

        Raises:
            DataError: Files are missing or damaged.
        """

    @abstractmethod
    def columns(self) -> Mapping[str, Column]:
        """Describe the factors.

        Returns:
            The columns by name.
        """

    @abstractmethod
    def values(self) -> Columns:
        """Read the factors of all images.

        Returns:
            (M,) by name.

        Raises:
            DataError: Files are missing or damaged.
        """

    def _rows(self, split: Literal["train", "test"], count: int) -> Tensor:
        return split_at_random(count, split, self.test, self.name())
