"""A form in which CIFAR-10 lies on a disk: the base of those that can be read."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple

from torch import Tensor

from gan_run import ImageStore, Split

SIDE = 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""The names of the labels 0 to 9."""


class Pictures(NamedTuple):
    """The pictures of a split."""

    images: Tensor | ImageStore
    """uint8 (M, 3, 32, 32)."""
    labels: Tensor
    """int64 (M,)."""
    names: Sequence[str] | None
    """The name of each picture's file; None where it is not known."""


class Form(ABC):
    """CIFAR-10 in one of its forms."""

    @abstractmethod
    def sizes(self) -> dict[Split, int]:
        """Count the pictures of each split.

        Returns:
            The numbers of training and test pictures.

        Raises:
            DataError: Files are missing or damaged.
        """

    @abstractmethod
    def load(self, split: Literal["train", "test"]) -> Pictures:
        """Read a split.

        Args:
            split: "train" or "test".

        Returns:
            Its pictures, in an order that is the same at every call and does not depend on the class.

        Raises:
            DataError: Files are missing or damaged.
        """
