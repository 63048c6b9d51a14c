"""A player: the parameters it trains, its optimiser, and how often it moves in a step."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn

from gan_run.core.base.device import Autocast, compute_dtype
from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.engine.compilation import CompiledUpdate
from gan_run.core.engine.ddp import DistributedUpdate
from gan_run.core.engine.game import Game
from gan_run.core.engine.update import FakeCache, Losses, Update, sample_inputs
from gan_run.core.images.image_set import Batch
from gan_run.core.kinds.loss import Loss
from gan_run.core.kinds.optimizer import Optimizer
from gan_run.core.kinds.schedule import value_at
from gan_run.core.kinds.spec import Spec


class Player:
    """One side of the game."""

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, nn.Parameter],
        game: Game,
        spec: Spec,
        autocast: Autocast,
        processes: World = SINGLE,
    ) -> None:
        self.name = name
        self.parameters = dict(parameters)
        self.updates = spec.train.updates.get(name, 1)
        self._game = game
        self._processes = processes
        self._autocast = autocast
        self._clip = spec.train.clip
        self._steps = spec.train.steps
        self._declared: Optimizer = spec.optimizers[name]
        self.optimizer = self._declared.build(self.parameters.values())
        self._losses: dict[str, Loss] = {
            key: loss for key, loss in spec.losses_by_key().items() if game.term(key).has_objective_for(name)
        }
        self._update = self._wrap(Update(game, name), spec)
        makes_images = {id(parameter) for parameter in game.stack.parameters()}
        self._generates = any(id(parameter) in makes_images for parameter in self.parameters.values())
        self._everyone = tuple(game.parameters())

    def update(self, step: int, batch: Batch, fake_cache: FakeCache | None = None) -> Losses | None:
        """One update at `step`; None if no term speaks to this player at this step. Fakes pass through `kept` from who
        looks at them to who makes them."""
        weights = self._weights(step)
        if not weights:
            return None

        # Draw what the update needs but this player does not train.
        with self._autocast():
            inputs = sample_inputs(self._game, self.name, batch, weights, self._generates, fake_cache, self._processes)
            self._let_only_mine_require_gradients()
            with self._processes.per_rank_rng(f"update of {self.name}"):
                losses: Losses = self._update(inputs)
        losses = losses.weighted(weights)
        if losses.total is None:
            return None

        # Step down the gradient.
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        if self._clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters.values(), self._clip)
        rate = value_at(self._declared.lr, step, self._steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self._bound_weights()

        # Let what has a state see what happened.
        losses = losses.detached().averaged_over(self._processes)
        for key in weights:
            self._game.term(key).after_update(self.name, losses.reports.get(key, {}))
        if losses.real_logits is not None:
            self._game.discriminator.augment.after_update(losses.real_logits)
        return losses

    def _wrap(self, update: Update, spec: Spec) -> nn.Module:
        """The update as the spec wants it run."""
        run: nn.Module = update
        if spec.train.compile:
            run = CompiledUpdate(update, torch.device(spec.train.device), compute_dtype(spec.train.precision))
        if self._processes.count > 1:
            run = DistributedUpdate(update, run, [key for key, loss in self._losses.items() if loss.every == 1])
        return run

    @torch.no_grad()
    def _bound_weights(self) -> None:
        bound = self._declared.clip_weights
        if bound is not None:
            for parameter in self.parameters.values():
                parameter.clamp_(-bound, bound)

    def _weights(self, step: int) -> dict[str, float]:
        return {
            key: value_at(loss.weight, step, self._steps) * loss.every
            for key, loss in self._losses.items()
            if step % loss.every == 0
        }

    def _let_only_mine_require_gradients(self) -> None:
        mine = {id(parameter) for parameter in self.parameters.values()}
        for parameter in self._everyone:
            parameter.requires_grad_(id(parameter) in mine)


def players(game: Game, spec: Spec, autocast: Autocast, processes: World = SINGLE) -> list[Player]:
    """All who have something to train, in the order in which they move."""
    owned: Iterable[tuple[str, dict[str, nn.Parameter]]] = game.owned().items()
    return [Player(name, parameters, game, spec, autocast, processes) for name, parameters in owned if parameters]
