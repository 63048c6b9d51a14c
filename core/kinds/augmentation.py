"""Random changes of images before a network looks at them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Self

from torch import Tensor, nn

from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.component import Component


class AugmentationModule(nn.Module, ABC):
    """A built augmentation: images (N, C, H, W) to the same, each changed by a draw of its own from torch's global
    stream. Gradients reach the images, and those gradients can be differentiated once more."""

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor: ...

    def after_update(self, real_logits: Tensor) -> None:
        """Told the discriminator's logits of real images that it changed, (N,) or (N, P), after each of the
        discriminator's updates: the only place where its state may change."""


class Augmentation(Component):
    """The declaration of a random change of images that keeps what matters about them."""

    kind: ClassVar[str] = "augmentation"

    @abstractmethod
    def build(self, image: ImageShape) -> AugmentationModule:
        """What changes images of this shape."""


class Augmentations(AugmentationModule):
    """Several in a row, or none."""

    def __init__(self, *parts: AugmentationModule) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    @classmethod
    def of(cls, declared: Iterable[Augmentation], image: ImageShape) -> Self:
        """Those that a spec declares, built."""
        return cls(*(augmentation.build(image) for augmentation in declared))

    def __len__(self) -> int:
        return len(self.parts)

    def forward(self, images: Tensor) -> Tensor:
        for part in self.parts:
            images = part(images)
        return images

    def after_update(self, real_logits: Tensor) -> None:
        for part in self.parts:
            assert isinstance(part, AugmentationModule)
            part.after_update(real_logits)
