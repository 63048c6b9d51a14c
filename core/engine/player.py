"""A player: the parameters it trains, its optimiser, and its updates."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.amp import GradScaler

from gan_run.core.base.device import Autocast, compute_dtype
from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.engine.compilation import CompiledUpdate
from gan_run.core.engine.ddp import DistributedUpdate
from gan_run.core.engine.game import Game
from gan_run.core.engine.running_stats import has_running_stats, refresh_running_stats
from gan_run.core.engine.update import FakeCache, Losses, Update, mean_losses, sample_inputs, split_inputs
from gan_run.core.images.image_set import Batch
from gan_run.core.kinds.contract import checked_type
from gan_run.core.kinds.loss import Loss
from gan_run.core.kinds.optimizer import Optimizer, ParameterGroup
from gan_run.core.kinds.schedule import Progress, Schedule
from gan_run.core.kinds.spec import Spec
from gan_run.core.kinds.update_context import UpdateContext, UpdateInputs
from gan_run.core.nn.rates import rates_of


class Player:
    """One side of the game.

    Args:
        name: Its name.
        parameters: What it trains, by full name in `game`.
        game: All modules.
        spec: The experiment. Its `optimizers` has one for this player.
        autocast: Opens the context in which networks run.
        world: The processes that share each batch.
    """

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, nn.Parameter],
        game: Game,
        spec: Spec,
        autocast: Autocast,
        world: World = SINGLE,
    ) -> None:
        self.name = name
        self.parameters = dict(parameters)
        self.updates = spec.train.updates.get(name, 1)
        self.generates = any(name.startswith("stack.") for name in self.parameters)
        self._game = game
        self._world = world
        self._autocast = autocast
        self._clip = spec.train.clip
        self._unclipped_norm: Tensor | None = None
        self._declared: Optimizer = spec.optimizers[name]
        built = self._declared.build(_groups(game, self.parameters))
        self.optimizer = checked_type(built, torch.optim.Optimizer, self._declared, ("optimizers", name))
        self._parts = spec.train.accumulate
        self.scaler = GradScaler(spec.train.device, enabled=spec.train.precision == "fp16")
        self._losses: dict[str, Loss] = {
            key: loss
            for key, loss in spec.losses_by_key().items()
            if loss.weight != 0 and game.term(key).has_objective_for(name)
        }
        self._objectives = Update(game, name)
        self._update = self._wrap(self._objectives, spec)
        self._of_others = tuple(
            parameter for other, owned in game.owned().items() if other != name for parameter in owned.values()
        )
        # WGAN bounds the critic alone: an encoder that the same player trains need not be Lipschitz.
        part = "discriminator." if name == "discriminator" else ""
        self._bounded = [parameter for key, parameter in self.parameters.items() if key.startswith(part)]
        # Passes of augmented images leave the running statistics alone; metrics read images as they are.
        self._refreshes_running_stats = len(game.discriminator.augment) > 0 and has_running_stats(
            game.discriminator.trunk
        )

    def update(self, progress: Progress, batch: Batch, fake_cache: FakeCache | None = None) -> Losses | None:
        """Take one update.

        Args:
            progress: The step of training.
            batch: Real images, of this process alone.
            fake_cache: Where another player's update stores its fakes and the generator's takes them from; None to
                generate anew in each update.

        Returns:
            The losses, without a graph and averaged over all processes; None if there was nothing to minimise.
        """
        weights = self._weights(progress)
        if not weights:
            return None

        with self._autocast():
            inputs = sample_inputs(
                self._game, self.name, batch, weights, self.generates, fake_cache, self._world, progress
            )
        self._require_only_own_gradients()
        self.optimizer.zero_grad(set_to_none=True)
        with self._world.per_rank_rng(f"update of {self.name}"):
            parts = [self._backward(part, weights) for part in split_inputs(inputs, self._parts)]
        losses = mean_losses(parts)
        if losses.total is None:
            return None
        self._step_optimizer(progress)

        losses = losses.averaged_over(self._world)
        for key in weights:
            self._game.term(key).after_update(self.name, losses.reports.get(key, {}))
        if self.name == "discriminator":
            self._after_discriminator_update(losses, batch)
        return losses

    def watch(self, watcher: Callable[[UpdateContext], None] | None) -> None:
        """Let a function see what each update computed, before its gradients are; None ends it."""
        self._objectives.watcher = watcher

    def gradient_norm(self) -> Tensor:
        """The norm of the gradient of the last update, before it was clipped: a scalar, on the device."""
        if self._unclipped_norm is not None:
            return self._unclipped_norm
        gradients = [parameter.grad for parameter in self.parameters.values() if parameter.grad is not None]
        return torch.nn.utils.get_total_norm(gradients)

    def new_state(self) -> dict[str, dict[str, torch.Size]]:
        """The shapes of what the optimiser keeps of each parameter, by its name, found by a step on copies."""
        copies = {name: nn.Parameter(torch.zeros_like(parameter)) for name, parameter in self.parameters.items()}
        optimizer = self._declared.build(_groups(self._game, copies))
        for copy in copies.values():
            copy.grad = torch.zeros_like(copy)
        optimizer.step()
        return {
            name: {moment: value.shape for moment, value in optimizer.state.get(copy, {}).items()}
            for name, copy in copies.items()
        }

    def _backward(self, inputs: UpdateInputs, weights: Mapping[str, float]) -> Losses:
        """Add the gradients of the objectives of a part of the batch. Returns the losses without a graph."""
        with self._autocast():
            losses: Losses = self._update(inputs)
        losses = losses.weighted(weights)
        if losses.total is not None:
            share = losses.total / self._parts if self._parts > 1 else losses.total
            self.scaler.scale(share).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return losses.detached()

    def _wrap(self, update: Update, spec: Spec) -> nn.Module:
        """The update, compiled and distributed as the spec and the number of processes ask for."""
        run: nn.Module = update
        if spec.train.compile:
            run = CompiledUpdate(update, torch.device(spec.train.device), compute_dtype(spec.train.precision))
        if self._world.count > 1:
            run = DistributedUpdate(update, run, self._in_every_update())
        return run

    def _weights(self, progress: Progress) -> dict[str, float]:
        """The weight of each loss that takes part in a step: those whose turn it is and whose weight is not 0."""
        weights = {
            key: progress.value(loss.weight) * loss.every
            for key, loss in self._losses.items()
            if progress.step % loss.every == 0
        }
        return {key: weight for key, weight in weights.items() if weight != 0}

    def _in_every_update(self) -> list[str]:
        """The keys of the losses that take part in every update."""
        if len(self._losses) == 1:  # without it there is no update
            return list(self._losses)
        return [key for key, loss in self._losses.items() if loss.every == 1 and not isinstance(loss.weight, Schedule)]

    def _require_only_own_gradients(self) -> None:
        """Switch gradients on for this player's parameters and off for the other players'. Frozen parameters belong to
        none and stay off."""
        for parameter in self._of_others:
            parameter.requires_grad_(False)
        for parameter in self.parameters.values():
            parameter.requires_grad_(True)

    def _step_optimizer(self, progress: Progress) -> None:
        if self._clip is not None:
            self.scaler.unscale_(self.optimizer)
            self._unclipped_norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), self._clip)
        settings = self._declared.settings(progress)
        for group in self.optimizer.param_groups:
            group.update(settings)
            group["lr"] *= group["rate"]
        self.scaler.step(self.optimizer)
        self.scaler.update()
        bound = self._declared.clip_weights
        if bound is not None:
            with torch.no_grad():
                for parameter in self._bounded:
                    parameter.clamp_(-bound, bound)

    def _after_discriminator_update(self, losses: Losses, batch: Batch) -> None:
        discriminator = self._game.discriminator
        if losses.real_logits is not None:
            discriminator.augment.after_update(losses.real_logits)
        if self._refreshes_running_stats:
            with self._autocast():
                condition = self._game.latents.observe(batch.columns)
                refresh_running_stats(discriminator.trunk, lambda: discriminator.trunk.see(batch.images, condition))


def _groups(game: Game, parameters: Mapping[str, nn.Parameter]) -> list[ParameterGroup]:
    """Parameters in groups of one learning rate, in their order."""
    groups: dict[float, ParameterGroup] = {}
    for name, rate in rates_of(game, parameters).items():
        groups.setdefault(rate, {"params": [], "rate": rate})["params"].append((name, parameters[name]))
    return list(groups.values())


def players(game: Game, spec: Spec, autocast: Autocast, world: World = SINGLE) -> list[Player]:
    """The players that have something to train, in the order in which they take their updates."""
    owned = game.owned().items()
    return [Player(name, parameters, game, spec, autocast, world) for name, parameters in owned if parameters]
