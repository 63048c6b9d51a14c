"""One update of one player, as a module: tensors in, losses out."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.data import Batch
from gan_run.core.game import Game
from gan_run.core.turn import Given, Turn


class Losses(NamedTuple):
    """What an update returns. `total` is None if no term moves the player this time."""

    total: Tensor | None
    terms: dict[str, Tensor]
    """Each term's objective before its weight."""
    reports: dict[str, dict[str, Tensor]]
    """Named scalars by term."""
    real_logits: Tensor | None
    """If this update's player is the discriminator and its augmentation may want to know."""


class Update(nn.Module):
    """What a player minimises, as one call, so that a wrapper (DDP, torch.compile) has one thing to wrap."""

    def __init__(self, game: Game, player: str) -> None:
        super().__init__()
        self.game = game
        self.player = player

    def forward(self, given: Given) -> Losses:
        turn = Turn(self.game.stack, self.game.discriminator, given)
        total: Tensor | None = None
        terms: dict[str, Tensor] = {}
        for key, weight in given.weights.items():
            with turn.speaking(key):
                value = self.game.term(key).objective(self.player, turn)
            terms[key] = value.detach()
            if value.requires_grad:
                total = value * weight if total is None else total + value * weight
        return Losses(total, terms, turn.reports, self._real_logits(turn))

    def _real_logits(self, turn: Turn) -> Tensor | None:
        wanted = self.player == "discriminator" and len(self.game.discriminator.augment) > 0
        return turn.real_view.logits.detach() if wanted else None


def draw_inputs(game: Game, player: str, batch: Batch, weights: dict[str, float], generates: bool) -> Given:
    """What enters an update: latents, the fakes that the player does not make itself, and the terms' probes."""
    real, labels = batch
    values = game.latents.sample(len(real))
    fake = None
    probes: dict[str, Tensor] = {}
    if not generates:
        with torch.no_grad():
            fake = game.stack(values)
        for key in weights:
            term = game.term(key)
            for name, image in term.probes(player, real, fake).items():
                probes[f"{key}/{name}"] = image.detach().requires_grad_()
            if "fake" in term.input_gradients:
                fake.requires_grad_()
    if any("real" in game.term(key).input_gradients for key in weights):
        real.requires_grad_()
    return Given(real, labels, values, fake, probes, weights)
