"""Losses: each entry of a spec's `losses` adds a term to the objectives of one or more players."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.discriminator import DiscriminatorModule
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.schedule import Scheduled
from gan_run.core.kinds.update_context import DiscriminatorOutput, UpdateContext

Input = Literal["real", "fake"]


class Encoder(nn.Module, ABC):
    """Q: recovers codes from images, usually by a head on the discriminator's trunk."""

    codes: tuple[str, ...]
    """Names of the latents that it recovers."""

    @abstractmethod
    def forward(self, output: DiscriminatorOutput) -> dict[str, Tensor]:
        """Compute the posterior parameters of every code.

        Args:
            output: The discriminator's output for N images: `output.features`, `output.images`.

        Returns:
            Posterior parameters (N, P) by code, unconstrained, with P the latent's `posterior_width`.

        Example:
            class LinearEncoder(Encoder):
                def __init__(self, features: int, code: str, latent: LatentModule) -> None:
                    super().__init__()
                    self.codes = (code,)
                    self.layer = nn.Linear(features, latent.posterior_width)

                def forward(self, output: DiscriminatorOutput) -> dict[str, Tensor]:
                    return {self.codes[0]: self.layer(output.features.vector)}
        """


@dataclass(frozen=True)
class LossContext:
    """The inputs of `Loss.build`. A term keeps a module from here in a `Borrowed`, since another module owns it."""

    data: DataInfo
    """The dataset's description."""
    latents: LatentSpace
    """The generator's latents."""
    generator: nn.Module
    """Maps embedded latents (N, W) to images (N, C, H, W)."""
    discriminator: DiscriminatorModule
    """The discriminator's trunk and head."""
    encoders: Mapping[str, Encoder]
    """Encoders by code, of the losses built before; those in `requires_encoders` are among them."""
    images: ImageSet | None
    """The training split; None where it is a stream, and when a trained model is loaded, whose losses are not
    computed."""


class LossTerm(nn.Module):
    """A built loss. A subclass has one method per player with an objective, named after the player.

    `generator_loss` and `discriminator_loss` are the usual ones; a player called `pair-discriminator` minimises
    `pair_discriminator_loss`. Each takes an `UpdateContext` and returns a scalar tensor.

    Example:
        class LogitPenalty(LossTerm):
            def discriminator_loss(self, update: UpdateContext) -> Tensor:
                return update.real_output.logits.square().mean()
    """

    input_gradients: ClassVar[frozenset[Input]] = frozenset()
    """Image batches ("real", "fake") that the objectives differentiate with respect to, by
    `DiscriminatorOutput.gradients`."""

    def trained_by(self) -> Mapping[str, nn.Module]:
        """The modules that this term adds, by the player that trains them.

        Returns:
            Modules by player. A name that is not "generator" or "discriminator" adds a player, which needs an
            optimizer in the spec.
        """
        return {}

    def encoder(self) -> Encoder | None:
        """The encoder that this term trains.

        Returns:
            The encoder, or None. `Loss.encodes` must agree.
        """
        return None

    def has_objective_for(self, player: str) -> bool:
        """Whether this term is part of a player's objective.

        Args:
            player: The player's name.

        Returns:
            By default, whether there is a method named after the player.
        """
        return callable(getattr(type(self), objective_method(player), None))

    def objective(self, player: str, update: UpdateContext) -> Tensor:
        """Compute this term of a player's objective, by default with the method named after the player.

        Args:
            player: The player that is updated.
            update: The update's images, latents and discriminator outputs.

        Returns:
            Scalar tensor to minimise, before `Loss.weight`.
        """
        value: Tensor = getattr(type(self), objective_method(player))(self, update)
        return value

    def observe(self, update: UpdateContext) -> Values:
        """The values of latents on the real images of an update, which become part of their condition.

        An encoder E(x) of the generator's noise makes pairs (x, E(x)) and (G(z), z) for a conditional head, as in ALI.
        Called in updates of every player in which the discriminator sees real images, at most once.

        Args:
            update: The update; `update.real.detach()` keeps the gradient with respect to the images that of the
                discriminator alone.

        Returns:
            Values by latent, (N, …). `Loss.observes` must agree.

        Example:
            def observe(self, update: UpdateContext) -> Values:
                return {"z": self.encoder_network(update.real.detach())}
        """
        return {}

    def extra_inputs(self, player: str, real: Tensor, fake: Tensor) -> Mapping[str, Tensor]:
        """Further images to differentiate with respect to, such as WGAN-GP's interpolates.

        Called in updates of players that do not train the generator.

        Args:
            player: The player that is updated.
            real: Real images (N, C, H, W).
            fake: Generated images (N, C, H, W), without graph.

        Returns:
            Images by key. The objective gets them, with `requires_grad` set, from `update.extra_input(key)`.
        """
        return {}

    def after_update(self, player: str, observed: Mapping[str, Tensor]) -> None:
        """Change this term's state. Called after each update; state may change only here, and must be in buffers.

        Args:
            player: The player that was updated.
            observed: The scalars that the objective gave to `update.report`, averaged over processes.
        """


class Loss(Component):
    """A term of the players' objectives."""

    kind: ClassVar[str] = "loss"
    shift_invariant: ClassVar[bool] = False
    """Whether the loss depends on differences of real and fake logits alone, so that a logit's sign has no meaning."""
    weight: Scheduled = Field(
        default=1.0,
        description="Factor of this loss in every objective: a number or a schedule. At 0 the loss is not computed.",
    )
    every: int = Field(
        default=1,
        ge=1,
        description="Compute the loss in every so many steps only, multiplied by that number (lazy regularisation).",
    )

    def observes(self) -> Iterable[str]:
        """The latents whose values on real images this loss computes (`LossTerm.observe`).

        Returns:
            Names of latents. At most one loss of a spec may observe a latent.
        """
        return ()

    def encodes(self) -> Iterable[str]:
        """The codes that this loss trains an encoder for.

        Returns:
            Names of latents. At most one loss of a spec may encode a latent.
        """
        return ()

    def requires_encoders(self) -> Iterable[str]:
        """The codes whose encoder this loss uses although another loss trains it.

        Returns:
            Names of latents. The engine builds this loss after those that encode them.
        """
        return ()

    @abstractmethod
    def build(self, context: LossContext) -> LossTerm:
        """Build the term, with the modules that it adds.

        Args:
            context: The dataset's description, the networks, and the encoders of losses built before.

        Returns:
            The loss's term.

        Example:
            type: Literal["logit-penalty"] = "logit-penalty"

            def build(self, context: LossContext) -> LossTerm:
                return LogitPenalty()
        """


def objective_method(player: str) -> str:
    """The name of the method that holds a term's objective for `player`: `pair_discriminator_loss`."""
    return f"{player.replace('-', '_')}_loss"
