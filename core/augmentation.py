"""Random changes of images before a network looks at them."""

from abc import abstractmethod
from typing import ClassVar

from torch import nn

from gan_run.core.component import Component
from gan_run.core.image import ImageShape


class Augmentation(Component):
    """The declaration of a random change of images that keeps what matters about them."""

    kind: ClassVar[str] = "augmentation"

    @abstractmethod
    def build(self, image: ImageShape) -> nn.Module:
        """A module (N, C, H, W) -> (N, C, H, W) that changes each image by a draw of its own from torch's global
        stream, and passes gradients to the images."""
