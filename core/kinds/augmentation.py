"""Augmentations: random changes of images before the discriminator or an encoder sees them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

from torch import Tensor, nn

from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.contract import checked_type


class AugmentationModule(nn.Module, ABC):
    """A built augmentation. Shapes: N batch, C H W image, P patches of an image."""

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Change each image by random numbers of its own, from torch's global generator.

        Args:
            images: Float (N, C, H, W), in [-1, 1] unless an augmentation before this one left that range.

        Returns:
            Images of the same shape. The operation is differentiable in `images`, twice: gradient penalties
            differentiate through it.

        Example:
            class RandomBrightness(AugmentationModule):
                def forward(self, images: Tensor) -> Tensor:
                    change = torch.rand(len(images), 1, 1, 1, device=images.device) - 0.5
                    return images + change
        """

    def after_update(self, real_logits: Tensor) -> None:
        """Adapt to the discriminator's output. Called after each of its updates; state may change only here.

        Args:
            real_logits: The discriminator's logits of augmented real images in that update, (N,) or (N, P).
        """

    def reports(self) -> Mapping[str, Tensor]:
        """The scalars that are logged, as "discriminator/augment/TYPE/NAME". Called when a line is logged.

        Returns:
            Scalar tensors by name; by default none.

        Example:
            def reports(self) -> Mapping[str, Tensor]:
                return {"p": self.p}
        """
        return {}


class Augmentation(Component):
    """A random change of images that keeps their content."""

    kind: ClassVar[str] = "augmentation"

    @abstractmethod
    def build(self, image: ImageShape) -> AugmentationModule:
        """Build the module.

        Args:
            image: Shape of the images.

        Returns:
            The augmentation's module.

        Example:
            type: Literal["brightness"] = "brightness"

            def build(self, image: ImageShape) -> AugmentationModule:
                return RandomBrightness()
        """


class Augmentations(AugmentationModule):
    """Several augmentations in sequence, or none."""

    def __init__(self, *parts: AugmentationModule) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    @classmethod
    def of(cls, declared: Iterable[Augmentation], image: ImageShape) -> Self:
        """Build the augmentations of a spec.

        Args:
            declared: The augmentations, in order.
            image: Shape of the images.

        Returns:
            Their sequence.
        """
        parts = []
        for index, augmentation in enumerate(declared):
            place = ("discriminator", "augment", index)
            parts.append(checked_type(augmentation.build(image), AugmentationModule, augmentation, place))
        return cls(*parts)

    def __len__(self) -> int:
        """The number of augmentations."""
        return len(self.parts)

    def forward(self, images: Tensor) -> Tensor:
        """Apply every augmentation in order: (N, C, H, W) to the same shape."""
        for part in self.parts:
            images = part(images)
        return images

    def after_update(self, real_logits: Tensor) -> None:
        """Pass the logits to every augmentation."""
        for part in self.parts:
            assert isinstance(part, AugmentationModule)
            part.after_update(real_logits)
