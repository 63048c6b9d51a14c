"""A simple discriminator for tests of losses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from gan_run import (
    DataInfo,
    DiscriminatorModule,
    Features,
    HeadModule,
    ImageShape,
    LatentContext,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    TrunkModule,
    UpdateContext,
    Values,
)
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.uniform import Uniform


class Pixels(TrunkModule):
    """An image's features are its pixels."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, images: Tensor) -> Features:
        return Features(images.flatten(1))


class Judge(HeadModule):
    """(N, pixels) to logits by any layers."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, features: Features, condition: Values) -> Tensor:
        logits = self.layers(features.vector)
        assert isinstance(logits, Tensor)
        return logits.flatten()


class FirstPixel(nn.Module):
    def forward(self, vector: Tensor) -> Tensor:
        return vector[:, 0]


@dataclass
class Table:
    """A loss term with the discriminator and the latents that it is built for."""

    term: LossTerm
    discriminator: DiscriminatorModule
    latents: LatentSpace

    def context(self, real: Tensor, fake: Tensor, extra: Mapping[str, Tensor] | None = None) -> UpdateContext:
        """The context of an update on these images (N, C, H, W)."""
        latents = {"z": torch.zeros(len(fake))}
        extra = {f"key/{name}": points.requires_grad_() for name, points in (extra or {}).items()}
        inputs = UpdateInputs(real, None, latents, fake, extra, ())
        return UpdateContext(GeneratorStack(self.latents, nn.Identity()), self.discriminator, inputs)

    def ask(self, player: str, real: Tensor, fake: Tensor) -> tuple[Tensor, UpdateContext]:
        """The term's objective in an update of `player` on these images, and the update's context."""
        if player == "discriminator":
            extra = self.term.extra_inputs(player, real, fake)
            real = real.detach().requires_grad_() if "real" in self.term.input_gradients else real
            fake = fake.detach().requires_grad_() if "fake" in self.term.input_gradients else fake
        update = self.context(real, fake, extra if player == "discriminator" else {})
        with update.for_term("key"):
            return self.term.objective(player, update), update


@pytest.fixture(scope="session")
def seat() -> Callable[..., Table]:
    """seat(loss, layers) builds a loss for images of one row of `pixels`, whose logits are the output of `layers`: by
    default the first pixel."""

    def build(loss: Loss, layers: nn.Module | None = None, pixels: int = 2) -> Table:
        info = DataInfo(ImageShape(1, 1, pixels), {"train": 1})
        latents = LatentSpace({"z": Uniform().module(LatentContext(info))})
        discriminator = DiscriminatorModule(Pixels(pixels), Judge(layers or FirstPixel()))
        term = loss.build(LossContext(info, latents, nn.Identity(), discriminator, {}, None))
        return Table(term, discriminator, latents)

    return build
