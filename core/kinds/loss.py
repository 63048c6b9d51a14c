"""A loss: what one entry of a spec's `losses` adds to the players' objectives, and what it brings along."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.network import DiscriminatorModule
from gan_run.core.kinds.schedule import Scheduled
from gan_run.core.kinds.update_context import DiscriminatorOutput, UpdateContext

Input = Literal["real", "fake"]


class Encoder(nn.Module):
    """Reads codes off a output of images."""

    codes: tuple[str, ...]
    """The latents it recovers."""

    @abstractmethod
    def forward(self, output: DiscriminatorOutput) -> dict[str, Tensor]:
        """What Q says of each code it recovers: params (N, P) by name."""


@dataclass(frozen=True)
class LossContext:
    """What a loss may look at while it is built. A module from here that a term keeps must stay unregistered."""

    data: DataInfo
    latents: LatentSpace
    generator: nn.Module
    discriminator: DiscriminatorModule
    encoders: Mapping[str, Encoder]
    """By code, of the losses that were built before: those that read what this one `needs` are among them."""
    images: ImageSet | None
    """What is trained on; None where a finished model is put together, which needs no images any more."""


class LossTerm(nn.Module):
    """A built loss. The simplest has one method per player it speaks to, named after the player:

    def discriminator_loss(self, update: UpdateContext) -> Tensor: ...
    def generator_loss(self, update: UpdateContext) -> Tensor: ...
    """

    input_gradients: ClassVar[frozenset[Input]] = frozenset()
    """Images that `objective` differentiates at, so that they must require gradients."""

    def trained_by(self) -> Mapping[str, nn.Module]:
        """Which player trains which of this term's modules. A name that is new makes a new player."""
        return {}

    def encoder(self) -> Encoder | None:
        """What reads codes off images, if this term trains such a thing."""
        return None

    def has_objective_for(self, player: str) -> bool:
        """Whether this term has an objective for `player`."""
        return callable(getattr(type(self), objective_method(player), None))

    def objective(self, player: str, update: UpdateContext) -> Tensor:
        """What `player` minimises, a scalar. By default the method named after the player."""
        value: Tensor = getattr(type(self), objective_method(player))(self, update)
        return value

    def extra_inputs(self, player: str, real: Tensor, fake: Tensor) -> Mapping[str, Tensor]:
        """Further images to differentiate at (WGAN-GP's interpolates), read back with `update.extra_input(key)`.

        Asked for the updates of players that do not make the fakes themselves.
        """
        return {}

    def after_update(self, player: str, observed: Mapping[str, Tensor]) -> None:
        """Called after each update with what `objective` reported: the only place where a term's state may change."""


class Loss(Component):
    """The declaration of a loss."""

    kind: ClassVar[str] = "loss"
    shift_invariant: ClassVar[bool] = False
    """Whether it goes by differences of real and fake logits alone, so that a logit's sign says nothing."""
    weight: Scheduled = Field(default=1.0, description="Factor of this loss in every objective it has a part in.")
    every: int = Field(
        default=1,
        ge=1,
        description="Take part only in every so many steps, with as many times the weight (lazy regularisation).",
    )

    def encodes(self) -> Iterable[str]:
        """The codes that its term's encoder will read off images."""
        return ()

    def requires_encoders(self) -> Iterable[str]:
        """The codes whose encoder, brought by another loss, this one makes use of."""
        return ()

    @abstractmethod
    def build(self, context: LossContext) -> LossTerm:
        """The term, with whatever modules it needs of its own."""


def objective_method(player: str) -> str:
    """The name of the method that holds a term's objective for `player`: `pair_discriminator_loss`."""
    return f"{player.replace('-', '_')}_loss"
