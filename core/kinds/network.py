"""Generators and discriminators. A discriminator is a trunk and a head.

Shapes: N batch, C H W image, W columns of the generator's input, F features.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from pydantic import Field
from torch import Tensor, nn

from gan_run.core.base.device import full_precision
from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.augmentation import Augmentation, Augmentations
from gan_run.core.kinds.component import Component, Declaration
from gan_run.core.kinds.latent_space import LatentSpace, Values
from gan_run.core.nn.layers import spectral_norm


class Features(NamedTuple):
    """What a trunk sees in a batch of images."""

    vector: Tensor
    """(N, F)"""
    maps: tuple[Tensor, ...] = ()
    """Feature maps from shallow to deep, (N, C_i, H_i, W_i) each; may be empty."""


class TrunkModule(nn.Module, ABC):
    """A built trunk: images (N, C, H, W) -> Features."""

    features: int
    """F: the length of `Features.vector`."""
    map_channels: tuple[int, ...] = ()
    """C_i of each of `Features.maps`."""

    @abstractmethod
    def forward(self, images: Tensor) -> Features: ...


class StackedTrunk(TrunkModule):
    """Stages in a row, each of which gives a map, and what turns the last map into features."""

    def __init__(
        self, stages: Sequence[nn.Module], map_channels: Sequence[int], last: nn.Module, features: int
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.last = last
        self.features = features
        self.map_channels = tuple(map_channels)

    def forward(self, images: Tensor) -> Features:
        maps = []
        for stage in self.stages:
            images = stage(images)
            maps.append(images)
        return Features(self.last(images), tuple(maps))


class HeadModule(nn.Module, ABC):
    """A built head: (features, condition) -> logits, (N,) or, of P places of an image, (N, P)."""

    @abstractmethod
    def forward(self, features: Features, condition: Values) -> Tensor: ...


class Generator(Component):
    """The declaration of a generator."""

    kind: ClassVar[str] = "generator"

    @abstractmethod
    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        """A module (N, W) -> (N, C, H, W) in [-1, 1], with W = latents.width."""


class Trunk(Component):
    """The declaration of a discriminator's trunk."""

    kind: ClassVar[str] = "trunk"

    def has_feature_maps(self) -> bool:
        """Whether there are `Features.maps`."""
        return False

    def uses_batch_statistics(self) -> bool:
        """Whether what it sees in an image depends on the others of its batch, as batch norm makes it."""
        return False

    @abstractmethod
    def build(self, image: ImageShape) -> TrunkModule:
        """A trunk for images of this shape."""


class Head(Component):
    """The declaration of a discriminator's head."""

    kind: ClassVar[str] = "head"

    @abstractmethod
    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        """A head on `trunk`'s features; the latents tell how a condition is embedded."""


class Discriminator(Declaration):
    """A trunk, and the head that tells real from fake by its features."""

    trunk: Trunk = Field(description="What looks at images: whoever reads anything off them shares it.")
    head: Head = Field(description="What tells real from fake by what the trunk sees.")
    spectral_norm: bool = Field(
        default=False, description="Whether every weight matrix of both is divided by its largest singular value."
    )
    augment: tuple[Augmentation, ...] = Field(
        default=(), description="Random changes, in order, of whatever it judges, real or not, in every update."
    )

    def module(self, latents: LatentSpace, image: ImageShape) -> "DiscriminatorModule":
        """The trunk with its head."""
        trunk = self.trunk.build(image)
        augment = Augmentations.of(self.augment, image)
        built = DiscriminatorModule(trunk, self.head.build(trunk, latents), augment)
        if self.spectral_norm:
            spectral_norm(built)
        return built


class DiscriminatorModule(nn.Module):
    """A built discriminator. Whoever looks at an image shares its trunk."""

    def __init__(self, trunk: TrunkModule, head: HeadModule, augment: Augmentations | None = None) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head
        self.augment = augment or Augmentations()


class GeneratorStack(nn.Module):
    """Latent values by name to images: the latents' embedding, then the generator. This is what is averaged."""

    def __init__(self, latents: LatentSpace, generator: nn.Module) -> None:
        super().__init__()
        self.latents = latents
        self.generator = generator

    def forward(self, values: Values) -> Tensor:
        images = self.generator(self.latents.embed(values))
        assert isinstance(images, Tensor)
        return full_precision(images)
