"""Computes the diagnostics of a step, when a callback asks for them."""

from collections.abc import Mapping
from typing import NoReturn

import torch
from torch import Tensor

from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses, Scores
from gan_run.core.kinds.diagnostics import Diagnostics
from gan_run.core.kinds.schedule import Progress
from gan_run.core.kinds.update_context import DiscriminatorOutput, UpdateContext, UpdateInputs


def diagnose(training: Training, losses: Mapping[str, Losses]) -> Diagnostics:
    """The diagnostics of the step that was taken last. Waits for the device.

    Args:
        training: Its state after the step.
        losses: The losses of the step, by player.
    """
    assert training.real is not None, "a step was taken"
    scores = losses["discriminator"].scores if "discriminator" in losses else None
    return Diagnostics(
        model=training.model(batch_statistics=True),
        real=training.real.detach(),
        gradient_norms={player.name: float(player.gradient_norm()) for player in training.players},
        discriminator_slope=None if scores is None else _slope(training, scores),
    )


class _NeedsMoreError(Exception):
    """An objective depends on more than logits."""


class _OnlyLogits(DiscriminatorOutput):
    """A discriminator's output of which nothing but the logits is known."""

    def __init__(self, logits: Tensor) -> None:  # without the other class's arguments: there are none
        self.logits = logits

    def __getattr__(self, name: str) -> NoReturn:
        raise _NeedsMoreError(name)


class _OnlyScores(UpdateContext):
    """An update of which nothing but the logits of real and generated images, and the step, is known."""

    def __init__(self, progress: Progress, scores: Scores) -> None:  # likewise
        self.real_output = _OnlyLogits(scores.real)
        self.fake_output = _OnlyLogits(scores.fake)
        self.reports = {}
        self._term = ""
        self._schedules = ()
        self._inputs = UpdateInputs(scores.real, {}, {}, None, {}, (), progress)

    def extra_input(self, key: str) -> NoReturn:
        raise _NeedsMoreError(key)

    def __getattr__(self, name: str) -> NoReturn:
        raise _NeedsMoreError(name)


def _slope(training: Training, scores: Scores) -> float | None:
    """See `Diagnostics.discriminator_slope`."""
    mean = torch.cat([scores.real.flatten(), scores.fake.flatten()]).float().mean()
    equal = _pull(training, Scores(*(mean.expand_as(logits) for logits in scores)))
    return _pull(training, scores) / equal if equal else None


@torch.enable_grad()
def _pull(training: Training, scores: Scores) -> float:
    """The sum of the absolute derivatives of D's objective with respect to its logits; 0 if it is no function of them.

    Losses that need images or features take no part.
    """
    leaves = Scores(*(logits.float().clone().requires_grad_() for logits in scores))
    progress = Progress(training.step - 1, training.spec.train.steps)
    update = _OnlyScores(progress, leaves)
    objectives = []
    for key, loss in training.spec.losses_by_key().items():
        term = training.game.term(key)
        if term.has_objective_for("discriminator"):
            try:
                objectives.append(progress.value(loss.weight) * term.objective("discriminator", update))
            except _NeedsMoreError:
                continue
    total = sum(objectives, start=leaves.real.sum() * 0)
    gradients = torch.autograd.grad(total, leaves, allow_unused=True)
    return sum(float(gradient.abs().sum()) for gradient in gradients if gradient is not None)
