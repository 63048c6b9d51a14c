"""One update of one player, as a module: tensors in, losses out."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.base.errors import PluginError
from gan_run.core.engine.game import Game
from gan_run.core.images.image_set import Batch
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.loss import LossTerm
from gan_run.core.kinds.schedule import START, Progress
from gan_run.core.kinds.update_context import UpdateContext, UpdateInputs


class Scores(NamedTuple):
    """D's logits in an update of D, without a graph."""

    real: Tensor
    """Those of the real images, (N,) or (N, P)."""
    fake: Tensor
    """Those of the generated images, likewise."""


class Losses(NamedTuple):
    """What an update returns."""

    terms: dict[str, Tensor]
    """Each term's objective before its weight, a scalar."""
    reports: dict[str, dict[str, Tensor]]
    """Scalars that a term reported, by term and name."""
    real_logits: Tensor | None
    """The discriminator's logits on real images, for adaptive augmentation; None in other players' updates."""
    total: Tensor | None = None
    """The weighted sum of the objectives that have a gradient; None if none has, and before `weighted`."""
    scores: Scores | None = None
    """The logits of this process's images, for diagnostics: of the last part of a batch that goes through the networks
    in parts. None in other players' updates, and where no loss computes them."""

    def weighted(self, weights: Mapping[str, float]) -> "Losses":
        """The same losses with their total, by the weight of each term."""
        with_gradient = [value * weights[key] for key, value in self.terms.items() if value.requires_grad]
        return self._replace(total=torch.stack(with_gradient).sum() if with_gradient else None)

    def detached(self) -> "Losses":
        """The same numbers without their graph."""
        terms = {key: value.detach() for key, value in self.terms.items()}
        return self._replace(terms=terms, total=None if self.total is None else self.total.detach())

    def cloned(self) -> "Losses":
        """The same numbers in memory of their own. Gradients pass through."""
        return self._replace(
            terms={key: value.clone() for key, value in self.terms.items()},
            reports={
                term: {name: value.clone() for name, value in named.items()} for term, named in self.reports.items()
            },
            real_logits=None if self.real_logits is None else self.real_logits.clone(),
            scores=None if self.scores is None else Scores(*(logits.clone() for logits in self.scores)),
        )

    def averaged_over(self, world: World) -> "Losses":
        """The losses of the whole batch: the mean of each scalar over all processes, and the logits of all images."""
        if world.count == 1:
            return self
        keys = [(term, name) for term, named in self.reports.items() for name in named]
        reported = [self.reports[term][name] for term, name in keys]
        means = world.mean([*self.terms.values(), *reported])
        reports: dict[str, dict[str, Tensor]] = {term: {} for term in self.reports}
        for (term, name), value in zip(keys, means[len(self.terms) :], strict=True):
            reports[term][name] = value
        logits = None if self.real_logits is None else world.gather(self.real_logits)
        return self._replace(terms=dict(zip(self.terms, means, strict=False)), reports=reports, real_logits=logits)


def mean_losses(parts: Sequence[Losses]) -> Losses:
    """The losses of a whole batch, by those of its parts of equal size: the mean of each, and the logits of all images.

    Args:
        parts: Losses without a graph.
    """
    first, *others = parts
    if not others:
        return first

    def mean(scalars: list[Tensor]) -> Tensor:
        return torch.stack(scalars).mean(0)

    reports = {
        term: {name: mean([part.reports[term][name] for part in parts]) for name in named}
        for term, named in first.reports.items()
    }
    logits = [part.real_logits for part in parts if part.real_logits is not None]
    totals = [part.total for part in parts if part.total is not None]
    return Losses(
        {key: mean([part.terms[key] for part in parts]) for key in first.terms},
        reports,
        torch.cat(logits) if logits else None,
        mean(totals) if totals else None,
        parts[-1].scores,
    )


class Update(nn.Module):
    """What a player minimises, as one call that DistributedDataParallel and torch.compile can wrap.

    Args:
        game: All modules; the update registers them, since DistributedDataParallel looks for parameters here.
        player: The player's name.
    """

    def __init__(self, game: Game, player: str) -> None:
        super().__init__()
        self.game = game
        self.player = player
        self.watcher: Callable[[UpdateContext], None] | None = None
        """Sees what an update computed, before its gradients are."""

    def forward(self, inputs: UpdateInputs) -> Losses:
        """Compute the objectives of the terms in `inputs`.

        Raises:
            PluginError: An objective is not a scalar tensor.
        """
        update = UpdateContext(self.game.stack, self.game.discriminator, inputs, self._observe, self.game.schedules)
        terms: dict[str, Tensor] = {}
        for key in inputs.terms:
            with update.for_term(key):
                terms[key] = self._objective(key, update)
        if self.watcher is not None:
            self.watcher(update)
        return Losses(terms, update.reports, self._real_logits(update), scores=self._scores(update))

    def _observe(self, update: UpdateContext) -> Values:
        """What the terms compute of the real images, those of terms that take no part in this update included."""
        observed: dict[str, Tensor] = {}
        for key in self.game.observers:
            observed |= self.game.term(key).observe(update)
        return observed

    def _objective(self, key: str, update: UpdateContext) -> Tensor:
        value: object = self.game.term(key).objective(self.player, update)
        if isinstance(value, Tensor) and value.dim() == 0:
            return value
        found = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise PluginError(f"the loss {key}: its objective for the {self.player} is {found}, not a scalar tensor")

    def _real_logits(self, update: UpdateContext) -> Tensor | None:
        wanted = self.player == "discriminator" and len(self.game.discriminator.augment) > 0
        return update.real_output.logits.detach() if wanted else None

    def _scores(self, update: UpdateContext) -> Scores | None:
        logits = update.computed_logits() if self.player == "discriminator" else {}
        return Scores(logits["real"], logits["fake"]) if len(logits) == len(Scores._fields) else None


class Fakes(NamedTuple):
    """Generated images, with what it takes to train the generator by them in another update."""

    latents: dict[str, Tensor]
    images: Tensor
    """(N, C, H, W), with the graph of the generator's parameters."""


class FakeCache:
    """The fakes of one update, kept for one update of the generator (`train.reuse_fakes`).

    Args:
        parameters: Those that the generator's player trains: the fakes have their graph.
    """

    def __init__(self, parameters: Collection[nn.Parameter]) -> None:
        self.parameters = parameters
        self._fakes: Fakes | None = None

    def store(self, fakes: Fakes) -> None:
        self._fakes = fakes

    def pop(self) -> Fakes | None:
        """The stored fakes, which are removed; None if there are none."""
        fakes, self._fakes = self._fakes, None
        return fakes


def sample_inputs(
    game: Game,
    player: str,
    batch: Batch,
    terms: Collection[str],
    generates: bool,
    fake_cache: FakeCache | None = None,
    world: World = SINGLE,
    progress: Progress = START,
) -> UpdateInputs:
    """Sample what enters an update: latents, extra inputs of the terms, and fakes that must exist before it.

    Args:
        game: All modules.
        player: Whose update it is.
        batch: Real images, of this process alone.
        terms: The keys of the losses that take part.
        generates: Whether the player trains the generator.
        fake_cache: With it, the generator's update takes the fakes from here if there are any, and another player's
            update stores its fakes here.
        world: The processes that share the batch.
        progress: The step.
    """
    real, columns = batch
    fakes = fake_cache.pop() if generates and fake_cache is not None else None
    latents = _sample_latents(game, len(real), world) if fakes is None else fakes.latents
    fake = None if fakes is None else fakes.images
    extra: dict[str, Tensor] = {}
    if not generates and (fake_cache is not None or any(_needs_fakes(game.term(key)) for key in terms)):
        with world.per_rank_rng("inputs"):
            fake = _generate(game, latents, fake_cache)
            for key in terms:
                term = game.term(key)
                for name, image in term.extra_inputs(player, real, fake).items():
                    extra[f"{key}/{name}"] = image.detach().requires_grad_()
                if "fake" in term.input_gradients:
                    fake.requires_grad_()
    if any("real" in game.term(key).input_gradients for key in terms):
        real.requires_grad_()
    scheduled = tuple(real.new_full((), progress.value(schedule)) for schedule in game.schedules)
    return UpdateInputs(real, columns, latents, fake, extra, tuple(terms), progress, scheduled)


def split_inputs(inputs: UpdateInputs, parts: int) -> Iterator[UpdateInputs]:
    """The inputs of an update in parts of equal size, which go through the networks one after the other."""
    if parts == 1:
        yield inputs
        return
    size = len(inputs.real) // parts
    for start in range(0, size * parts, size):
        rows = slice(start, start + size)
        yield inputs._replace(
            real=inputs.real[rows],
            columns={name: value[rows] for name, value in inputs.columns.items()},
            latents={name: value[rows] for name, value in inputs.latents.items()},
            fake=None if inputs.fake is None else inputs.fake[rows],
            extra={name: images[rows] for name, images in inputs.extra.items()},
        )


def _needs_fakes(term: LossTerm) -> bool:
    """Whether `term` needs fakes before the update. All others are generated in the update, if a term uses them."""
    return "fake" in term.input_gradients or type(term).extra_inputs is not LossTerm.extra_inputs


def _sample_latents(game: Game, n: int, world: World) -> dict[str, Tensor]:
    """`n` values of each latent: this process's share of what all processes sample alike."""
    whole = game.latents.sample(n * world.count)
    return {name: world.shard(values) for name, values in whole.items()}


def _generate(game: Game, latents: dict[str, Tensor], fake_cache: FakeCache | None) -> Tensor:
    """Images (N, C, H, W) without a graph; those in `fake_cache` have one."""
    if fake_cache is None:
        with torch.no_grad():
            images: Tensor = game.stack(latents)
        return images
    for parameter in fake_cache.parameters:
        parameter.requires_grad_(True)  # until the update of the player whose turn it is
    images = game.stack(latents)
    fake_cache.store(Fakes(latents, images))
    return images.detach()
