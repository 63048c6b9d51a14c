"""One update of one player, as a module: tensors in, losses out."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.engine.game import Game
from gan_run.core.images.image_set import Batch
from gan_run.core.kinds.network import GeneratorStack
from gan_run.core.kinds.update_context import UpdateContext, UpdateInputs


class Losses(NamedTuple):
    """What an update returns."""

    terms: dict[str, Tensor]
    """Each term's objective before its weight."""
    reports: dict[str, dict[str, Tensor]]
    """Named scalars by term."""
    real_logits: Tensor | None
    """If this update's player is the discriminator and its augmentation may want to know."""
    total: Tensor | None = None
    """Once they are weighted: the weighted sum of the objectives that move anything, if one does."""

    def weighted(self, weights: Mapping[str, float]) -> "Losses":
        """With their total."""
        moving = [value * weights[key] for key, value in self.terms.items() if value.requires_grad]
        return self._replace(total=torch.stack(moving).sum() if moving else None)

    def detached(self) -> "Losses":
        """The same numbers, which hold on to no graph."""
        terms = {key: value.detach() for key, value in self.terms.items()}
        return self._replace(terms=terms, total=None if self.total is None else self.total.detach())

    def averaged_over(self, processes: World) -> "Losses":
        """Of the whole batch: each number's mean, and everyone's logits."""
        if processes.count == 1:
            return self
        keys = [(term, name) for term, named in self.reports.items() for name in named]
        reported = [self.reports[term][name] for term, name in keys]
        means = processes.mean([*self.terms.values(), *reported])
        reports: dict[str, dict[str, Tensor]] = {term: {} for term in self.reports}
        for (term, name), value in zip(keys, means[len(self.terms) :], strict=True):
            reports[term][name] = value
        logits = None if self.real_logits is None else processes.gather(self.real_logits)
        return self._replace(terms=dict(zip(self.terms, means, strict=False)), reports=reports, real_logits=logits)


class Update(nn.Module):
    """What a player minimises, as one call, so that a wrapper (DDP, torch.compile) has one thing to wrap."""

    def __init__(self, game: Game, player: str) -> None:
        super().__init__()
        self.game = game
        self.player = player

    def forward(self, inputs: UpdateInputs) -> Losses:
        update = UpdateContext(self.game.stack, self.game.discriminator, inputs)
        terms: dict[str, Tensor] = {}
        for key in inputs.terms:
            with update.for_term(key):
                terms[key] = self.game.term(key).objective(self.player, update)
        return Losses(terms, update.reports, self._real_logits(update))

    def _real_logits(self, update: UpdateContext) -> Tensor | None:
        wanted = self.player == "discriminator" and len(self.game.discriminator.augment) > 0
        return update.real_output.logits.detach() if wanted else None


class Fakes(NamedTuple):
    """Images that one update looked at, with all it takes to train their maker by them in another."""

    latents: dict[str, Tensor]
    images: Tensor
    """(N, C, H, W), in the graph of the generator's parameters."""


class FakeCache:
    """The fakes of the last update, for the generator to be trained by once."""

    def __init__(self) -> None:
        self._fakes: Fakes | None = None

    def store(self, fakes: Fakes) -> None:
        self._fakes = fakes

    def pop(self) -> Fakes | None:
        """None if there are none, or if they were taken already."""
        fakes, self._fakes = self._fakes, None
        return fakes


def sample_inputs(
    game: Game,
    player: str,
    batch: Batch,
    terms: Collection[str],
    generates: bool,
    fake_cache: FakeCache | None = None,
    processes: World = SINGLE,
) -> UpdateInputs:
    """What enters an update: latents, the fakes that the player does not make itself, and the terms' extra.

    With `kept`, a player that makes images is given the fakes of the update before, and others leave theirs there.
    """
    real, labels = batch
    fakes = fake_cache.pop() if generates and fake_cache is not None else None
    values = _draw_latents(game, len(real), processes) if fakes is None else fakes.latents
    fake = None if fakes is None else fakes.images
    extra: dict[str, Tensor] = {}
    if not generates:
        with processes.per_rank_rng("inputs"):
            fake = _generate(game.stack, values, fake_cache)
            for key in terms:
                term = game.term(key)
                for name, image in term.extra_inputs(player, real, fake).items():
                    extra[f"{key}/{name}"] = image.detach().requires_grad_()
                if "fake" in term.input_gradients:
                    fake.requires_grad_()
    if any("real" in game.term(key).input_gradients for key in terms):
        real.requires_grad_()
    return UpdateInputs(real, labels, values, fake, extra, tuple(terms))


def _draw_latents(game: Game, n: int, processes: World) -> dict[str, Tensor]:
    """Values for `n` images, a share of those that all processes draw alike."""
    whole = game.latents.sample(n * processes.count)
    return {name: processes.shard(values) for name, values in whole.items()}


def _generate(stack: GeneratorStack, values: dict[str, Tensor], fake_cache: FakeCache | None) -> Tensor:
    """Images (N, C, H, W) in no graph; if they are to be fake_cache, they are fake_cache in one."""
    if fake_cache is not None:
        stack.requires_grad_(True)  # though another moves now
    with torch.set_grad_enabled(fake_cache is not None):
        images: Tensor = stack(values)
    if fake_cache is not None:
        fake_cache.store(Fakes(values, images))
    return images.detach()
