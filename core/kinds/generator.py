"""Generators.

Shapes: N batch, C H W image, W columns of the generator's input.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from torch import Tensor, nn

from gan_run.core.base.device import full_precision
from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import LatentSpace


class GeneratorModule(nn.Module):
    """A built generator that has sampling options. One without any may be any module."""

    sampling_options: Mapping[str, float] = MappingProxyType({})
    """The options that `forward` takes as keywords besides the embedded latents, each with the value that it has in
    training. `Model.sample(…, options={"truncation": 0.5})` gives others."""


class StyledGenerator(GeneratorModule, ABC):
    """A generator of two parts: a mapping from latents to styles, and a synthesis of images from styles.

    Losses that look at styles, such as `path-length`, work with every such generator.
    """

    @abstractmethod
    def styles(self, embedded: Tensor) -> Tensor:
        """Map latents to styles.

        Args:
            embedded: Embedded latents (N, W).

        Returns:
            Styles (N, …), a float tensor of any further shape.

        Example:
            def styles(self, embedded: Tensor) -> Tensor:
                return self.mapping(embedded)
        """

    @abstractmethod
    def synthesize(self, styles: Tensor) -> Tensor:
        """Make images from styles.

        Args:
            styles: Styles (N, …), as `styles` returns them.

        Returns:
            Images (N, C, H, W).

        Example:
            def synthesize(self, styles: Tensor) -> Tensor:
                return self.synthesis(styles)
        """

    def forward(self, embedded: Tensor) -> Tensor:
        return self.synthesize(self.styles(embedded))


class Generator(Component):
    """A generator: a network that maps embedded latents to images."""

    kind: ClassVar[str] = "generator"

    def has_styles(self) -> bool:
        """Whether the built network is a `StyledGenerator`, which some losses need.

        Returns:
            False unless a subclass overrides it.
        """
        return False

    def initialise(self, module: nn.Module) -> None:
        """Give a built network other initial weights, such as pretrained ones.

        Called before the first step of a run, and not where a run is resumed or a model is loaded.

        Args:
            module: What `build` returned, changed in place.

        Raises:
            DataError: A file is missing or does not fit.
        """

    @abstractmethod
    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        """Build the network.

        Args:
            latents: The latents; `latents.width` is W, and `latents.columns(name)` tells where a latent's columns are.
            image: Shape of the images to generate.

        Returns:
            A module that maps embedded latents (N, W) to images (N, C, H, W). Real images are in [-1, 1]; a generator
            may leave that range, which pictures and stored pixels clip.

        Example:
            type: Literal["dense"] = "dense"

            def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
                layer = nn.Linear(latents.width, math.prod(image))
                return nn.Sequential(layer, nn.Tanh(), nn.Unflatten(1, tuple(image)))
        """


class GeneratorStack(nn.Module):
    """The latents and the generator: maps latent values by name to images. The EMA averages these modules."""

    def __init__(self, latents: LatentSpace, generator: nn.Module) -> None:
        super().__init__()
        self.latents = latents
        self.generator = generator

    def forward(self, values: Values, options: Mapping[str, float] | None = None) -> Tensor:
        images = self.generator(self.latents.embed(values), **(options or {}))
        assert isinstance(images, Tensor)
        return full_precision(images)
