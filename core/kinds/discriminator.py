"""Discriminators: a trunk and a head.

Shapes: N batch, C H W image, F features.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from pydantic import Field
from torch import Tensor, nn

from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.augmentation import Augmentation, Augmentations
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.contract import ContractError, checked_type
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.nn.layers import spectral_norm


class Features(NamedTuple):
    """A trunk's output for a batch of images."""

    vector: Tensor
    """Features (N, F)."""
    maps: tuple[Tensor, ...] = ()
    """Feature maps from shallow to deep, (N, C_i, H_i, W_i) each; may be empty."""


class TrunkModule(nn.Module, ABC):
    """A built trunk: computes features of images."""

    features: int
    """F: the length of `Features.vector`."""
    map_channels: tuple[int, ...] = ()
    """C_i: the number of channels of each of `Features.maps`."""

    @abstractmethod
    def forward(self, images: Tensor) -> Features:
        """Compute features.

        Args:
            images: Float (N, C, H, W) in [-1, 1]; an augmentation may leave that range.

        Returns:
            Features (N, F) and, if `Trunk.has_feature_maps`, feature maps.

        Example:
            class DenseTrunk(TrunkModule):
                def __init__(self, image: ImageShape) -> None:
                    super().__init__()
                    self.features = 64
                    self.layers = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image), 64), nn.SiLU())

                def forward(self, images: Tensor) -> Features:
                    return Features(self.layers(images))
        """

    def see(self, images: Tensor, condition: Values) -> Features:
        """Compute features of images given their condition. Override it in a trunk that sees the condition, such as the
        picture that an image is a translation of.

        Args:
            images: Float (N, C, H, W).
            condition: Latent values by name, (N, …): all latents of generated images, those that are known of real
                images, and none where an encoder or `Model.features` reads images.

        Returns:
            Features, by default those of `forward`.

        Example:
            def see(self, images: Tensor, condition: Values) -> Features:
                return self(torch.cat([images, condition["sketch"]], dim=1))
        """
        features: Features = self(images)
        return features


class StackedTrunk(TrunkModule):
    """A trunk of stages in sequence: each stage's output is a feature map, and `last` turns the last map into features.

    Args:
        stages: Modules that map images or feature maps (N, C, H, W) to feature maps.
        map_channels: Number of channels of each stage's output.
        last: Module that maps the last feature map to features (N, F).
        features: F.
    """

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
    """A built head: computes logits from features."""

    @abstractmethod
    def forward(self, features: Features, condition: Values) -> Tensor:
        """Compute logits: positive for real images, negative for generated ones; without a sigmoid.

        Args:
            features: The trunk's output for N images.
            condition: Latent values by name, (N,) or (N, count): all latents of generated images, and of real images
                those that labels determine.

        Returns:
            Logits (N,); or (N, P), one for each of P patches of an image.

        Example:
            class LinearHead(HeadModule):
                def __init__(self, features: int) -> None:
                    super().__init__()
                    self.layer = nn.Linear(features, 1)

                def forward(self, features: Features, condition: Values) -> Tensor:
                    return self.layer(features.vector).flatten()
        """


class Trunk(Component):
    """The discriminator's trunk: a network that computes features of images, for the head and for encoders."""

    kind: ClassVar[str] = "trunk"

    def has_feature_maps(self) -> bool:
        """Whether the trunk's output has feature maps, which some heads need.

        Returns:
            False unless a subclass overrides it.
        """
        return False

    def uses_batch_statistics(self) -> bool:
        """Whether features are normalised by statistics of the batch, as with batch norm. Gradient penalties, which
        need each logit's gradient at its own image, are then refused.

        Returns:
            False unless a subclass overrides it.
        """
        return False

    def couples_images(self) -> bool:
        """Whether an image's features depend on the other images of its batch in any way, as with minibatch standard
        deviation.

        Returns:
            What `uses_batch_statistics` returns, unless a subclass overrides it.
        """
        return self.uses_batch_statistics()

    def initialise(self, module: TrunkModule) -> None:
        """Give a built network other initial weights: see `Generator.initialise`.

        Args:
            module: What `build` returned, changed in place.

        Raises:
            DataError: A file is missing or does not fit.
        """

    @abstractmethod
    def build(self, image: ImageShape) -> TrunkModule:
        """Build the network.

        Args:
            image: Shape of the images.

        Returns:
            The trunk's module.

        Example:
            type: Literal["dense"] = "dense"

            def build(self, image: ImageShape) -> TrunkModule:
                return DenseTrunk(image)
        """


class Head(Component):
    """The discriminator's head: a network that computes logits from the trunk's features."""

    kind: ClassVar[str] = "head"

    @abstractmethod
    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        """Build the network.

        Args:
            trunk: The trunk whose features it takes: `trunk.features` is F. The head must not register it.
            latents: The latents, whose `embed` turns a condition into columns. The head must not register them.

        Returns:
            The head's module.

        Example:
            type: Literal["linear"] = "linear"

            def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
                return LinearHead(trunk.features)
        """


class Discriminator(Declaration):
    """The discriminator: a trunk, which computes features of images, and a head, which computes logits from them."""

    trunk: Trunk = Field(description="Network that computes features of images; encoders share it.")
    head: Head = Field(description="Network that computes the real/fake logit from the trunk's features.")
    spectral_norm: bool = Field(
        default=False,
        description="Divide every weight matrix of trunk and head by its largest singular value (spectral norm).",
    )
    augment: tuple[Augmentation, ...] = Field(
        default=(),
        description="Augmentations of real and generated images, in order, before the discriminator sees them.",
    )

    def module(self, latents: LatentSpace, image: ImageShape) -> "DiscriminatorModule":
        """Build trunk, head and augmentations.

        Args:
            latents: The generator's latents.
            image: Shape of the images.

        Returns:
            The discriminator's module.
        """
        place = ("discriminator",)
        trunk = checked_type(self.trunk.build(image), TrunkModule, self.trunk, (*place, "trunk"))
        if not isinstance(getattr(trunk, "features", None), int):
            raise ContractError(self.trunk, (*place, "trunk"), "its module has to set `features` to a number")
        augment = Augmentations.of(self.augment, image)
        head = checked_type(self.head.build(trunk, latents), HeadModule, self.head, (*place, "head"))
        built = DiscriminatorModule(trunk, head, augment)
        if self.spectral_norm:
            spectral_norm(built)
        return built


class DiscriminatorModule(nn.Module):
    """A built discriminator: `trunk`, `head` and `augment`. `DiscriminatorOutput` applies them."""

    def __init__(self, trunk: TrunkModule, head: HeadModule, augment: Augmentations | None = None) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head
        self.augment = augment or Augmentations()
