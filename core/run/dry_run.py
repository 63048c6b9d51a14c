"""Takes one step of a spec without a run folder, and reports what it found."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from gan_run.core.base.errors import Problem, SpecError
from gan_run.core.base.memory import enough_memory
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.comparison import Comparison
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.engine.update import Losses
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.init_from import as_init_from
from gan_run.core.kinds.schedule import Progress, wrong_value
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.end_trial import failures_at_end
from gan_run.core.run.enough_memory import check_memory
from gan_run.core.run.init_from import checkpoint_of
from gan_run.core.run.resolve import check_against_data, resolve_device, with_train
from gan_run.core.run.stand_in import StandInSplits


class Report(NamedTuple):
    """The size and the first step of a spec.

    Attributes:
        images: How many images of which shape, as text.
        parameters: How many parameters each player trains.
        entropy: The entropy of each latent, in nats.
        codes: The latents that a loss reads off images.
        flops: Of one step: each player's updates.
        losses: The losses and reports of the first step.
        warnings: What may not be meant, in a sentence each.
    """

    images: str
    parameters: dict[str, int]
    entropy: dict[str, float]
    codes: list[str]
    flops: int
    losses: dict[str, float]
    warnings: list[str]


def dry_run(spec: Spec, data: Splits | None = None) -> Report:
    """Build `spec`, take one step, eagerly and in fp32, with losses whose weight is 0 at first too, and try what
    training does at its end.

    Args:
        spec: The spec.
        data: Its splits, which are loaded; by default random images of the same shape stand in for them, and the data
            is described alone.

    Raises:
        GanRunError: As training would before and in its first step.
    """
    data = data or StandInSplits(spec.data)
    info = check_against_data(spec, data)
    spec = with_late_losses(with_train(resolve_device(spec), precision="fp32", compile=False))
    if spec.train.init_from is not None:
        checkpoint_of(as_init_from(spec.train.init_from))
    check_memory(spec, info)
    images = data.training_images
    with enough_memory("one step"), isolated_rng("dry run"), Training(spec, info, images) as training:
        training.initialise()
        training.inspect()
        comparison = Comparison(training.players)
        with FlopCounter() as counter:
            losses = training.advance()
        alone = comparison.problem()
        _refuse_not_finite(training, losses)
        far = list(_moved_far(training))
        if far:
            _refuse_not_finite(training, training.advance())
        at_end = list(failures_at_end(training, data, counter.get_total_flops()))
    latents = training.game.latents
    return Report(
        images=f"{'a stream' if images is None else images.count} of {info.image}",
        parameters={p.name: sum(v.numel() for v in p.parameters.values()) for p in training.players},
        entropy={name: float(latents[name].entropy()) for name in latents if latents[name].posterior_width},
        codes=list(spec.encoder_losses()),
        flops=counter.get_total_flops(),
        losses=read_scalars(losses),
        warnings=[*([] if alone is None else [alone]), *far, *at_end],
    )


def with_late_losses(spec: Spec) -> Spec:
    """`spec` with a weight of 1 where a schedule begins at 0: an error in a loss is found before the loss starts."""
    steps = spec.train.steps
    losses = tuple(
        loss.model_copy(update={"weight": 1.0})
        if not Progress(0, steps).value(loss.weight) and wrong_value(loss.weight, steps, lambda weight: weight == 0)
        else loss
        for loss in spec.losses
    )
    return spec.model_copy(update={"losses": losses})


REMEDY = "try a smaller learning rate, a smaller weight of the loss, or train.clip"
FAR = 1e4
"""Weights of networks are of the order of 1. What is larger than this after one step is not trained but blown up."""


def _refuse_not_finite(training: Training, losses: Mapping[str, Losses]) -> None:
    """Raises SpecError for a loss, or a weight after the step, that is not finite."""
    if problem := next(_not_finite(training, losses), None):
        raise SpecError([problem], training.spec.name)


def _not_finite(training: Training, losses: Mapping[str, Losses]) -> Iterator[Problem]:
    keys = list(training.spec.losses_by_key())
    for name, found in losses.items():
        for loss, value in found.terms.items():
            if not math.isfinite(float(value)):
                message = f"in step {training.step} the loss {name}/{loss} is {float(value)}: {REMEDY}"
                yield Problem(("losses", keys.index(loss)), message)
        if found.total is not None and not math.isfinite(float(found.total)):
            message = (
                f"in step {training.step} the weighted sum of the {name}'s losses is {float(found.total)}: {REMEDY}"
            )
            yield Problem(("losses",), message)
    for player in training.players:
        if not all(bool(torch.isfinite(weight).all()) for weight in player.parameters.values()):
            message = f"step {training.step} leaves weights of the {player.name} that are not finite: {REMEDY}"
            yield Problem(("optimizers", player.name), message)


def _moved_far(training: Training) -> Iterator[str]:
    """The players that a step has left with weights with which the next one may fail, in a sentence each."""
    for player in training.players:
        largest = max(float(weight.detach().abs().max()) for weight in player.parameters.values() if weight.numel())
        if largest > FAR:
            yield f"one step leaves weights of the {player.name} of up to {largest:.3g}: {REMEDY}"


class FlopCounter(FlopCounterMode):
    """torch's FLOP counter without its per-module counts, whose hooks fail where a penalty takes a gradient."""

    def __init__(self) -> None:
        super().__init__(display=False)
        self.mod_tracker = _Nowhere()


class _Nowhere(ModuleTracker):
    """A module tracker that tracks nothing."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *args: object) -> None:
        return None
