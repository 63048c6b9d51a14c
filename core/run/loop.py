"""The training loop."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.signals import Interrupted, Signals
from gan_run.core.engine.controls import read_controls
from gan_run.core.engine.state import (
    feed_tensors,
    load_feed_tensors,
    load_model_tensors,
    load_optimizer_tensors,
    model_tensors,
    optimizer_tensors,
)
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.events import CheckpointSaved, StepLogged
from gan_run.core.run import checkpoint
from gan_run.core.run.best import BestCheckpoint
from gan_run.core.run.dispatcher import RunEvents
from gan_run.core.run.run_evaluation import Evaluation
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.stopping import Stopped, TimeUp, not_finite
from gan_run.core.run.time_limit import TimeIsUp, TimeLimit


def save(training: Training, run: RunFolder, evaluated: bool = True) -> checkpoint.Checkpoint:
    """Write a checkpoint.

    Args:
        training: The training.
        run: Its folder.
        evaluated: Whether all was measured and drawn that is due at this step; else a resumed run does it first.
    """
    tensors = model_tensors(training.game, training.ema)
    damaged = checkpoint.first_not_finite(tensors)
    if damaged is not None:
        raise not_finite(training.step, f"the weights {damaged}", recovery_hint(run))
    run.sync_logs()  # a resumed run writes only the lines after its checkpoint
    rest = {**optimizer_tensors(training.players), **feed_tensors(training.feed)}
    state = checkpoint.RunState(training.rollbacks, evaluated, run.line_count())
    return checkpoint.save(run.checkpoints, training.step, tensors, rest, training.scalars.read(), state)


def restore(training: Training, saved: checkpoint.Checkpoint) -> None:
    """Load a checkpoint into `training`: the next steps are those of an uninterrupted run."""
    model, optimizer = checkpoint.load(saved)
    load_model_tensors(model, training.game, training.ema)
    load_optimizer_tensors(optimizer, training.players)
    load_feed_tensors(optimizer, training.feed)
    training.scalars.load(checkpoint.load_scalars(saved))
    training.step = saved.step


class NonFiniteMonitor:
    """Records, on the device, the first step at which each loss was not finite. The host does not wait for it."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, ...], Tensor] = {}
        """Steps, or infinity, by the names of the losses of a step, which differ where losses are lazy."""

    def record(self, step: int, losses: dict[str, Losses]) -> None:
        values = {
            f"{player}/{term}": value.float() for player, loss in losses.items() for term, value in loss.terms.items()
        }
        if not values:
            return
        names = tuple(values)
        found = torch.where(torch.isfinite(torch.stack(list(values.values()))), torch.inf, float(step))
        self._first[names] = torch.minimum(self._first[names], found) if names in self._first else found

    def raise_if_any(self, run: RunFolder) -> None:
        """Raise TrainingError if a loss was not finite since the start. Here the host waits for the device."""
        bad = [
            (step, name)
            for names, first in self._first.items()
            for name, step in zip(names, first.tolist(), strict=True)
            if step != math.inf
        ]
        if bad:
            step, name = min(bad)
            raise not_finite(int(step), f"the loss {name}", recovery_hint(run))


def recovery_hint(run: RunFolder) -> str:
    """Which checkpoint to resume from after an error."""
    latest = run.latest()
    return f"the last good checkpoint is {latest.folder}" if latest else "there is no checkpoint yet"


class Limits(NamedTuple):
    """What may end a run before its last step."""

    stop: Callable[[], bool]
    """Asked after every step."""
    signals: Signals
    """Those that the program receives."""
    time: TimeLimit
    """The end of `train.for`."""


def train(training: Training, run: RunFolder, data: Splits, events: RunEvents, limits: Limits) -> None:
    """Train to the last step, or until a callback asks for the end, then evaluate.

    Raises:
        Stopped: It was asked to stop, or the time of `train.for` has passed; a checkpoint is saved.
        TrainingError: A loss or a weight is not finite.
    """
    settings, latest = training.spec.train, run.latest()
    loop = Loop(training, run, data, events, limits)
    with limits.signals.deferred():
        if latest is not None and 0 < latest.step < settings.steps and not checkpoint.load_state(latest).evaluated:
            loop.evaluate_if_due()
            loop.leave(stopping=False, late=False)
        (ending,) = training.world.any(events.end_requested)  # of a resumed run, which had come to its end
        while training.step < settings.steps and not ending:
            ending = loop.step()
        loop.evaluate()


class Loop:
    """The steps of a run, and what follows each: logging, measuring, a checkpoint.

    Measuring and drawing are broken off by a signal or the end of the time; a step, its log line and its checkpoint are
    not. A checkpoint says whether all was measured that is due at its step: a resumed run makes up for it.
    """

    def __init__(self, training: Training, run: RunFolder, data: Splits, events: RunEvents, limits: Limits) -> None:
        self._training, self._run, self._events, self._limits = training, run, events, limits
        self._best = BestCheckpoint(training.spec, run.checkpoints, training.step)
        self._evaluation = Evaluation(training, run, data, events, self._best)
        self._monitor = NonFiniteMonitor()
        self._throughput = Throughput(training)
        self._broken_off: BaseException | None = None
        """What broke off the events of the present step."""

    def step(self) -> bool:
        """Take a step. Returns whether a callback asks for the end. Raises as `train` does."""
        training, events, limits = self._training, self._events, self._limits
        settings = training.spec.train
        events.release_model()
        limits.time.next_step()
        losses = training.advance()
        step = training.step
        self._monitor.record(step, losses)
        training.scalars.record(losses)
        last = step == settings.steps

        if step % settings.log_every == 0 or last:
            self._monitor.raise_if_any(self._run)
            with training.phase("logging"), self._breakable():
                log(training, self._run, losses, self._throughput.lap(), events)
        limits.time.step_taken()
        if not last and self._broken_off is None:
            self.evaluate_if_due()

        # After the step's events, since a callback may ask for them.
        asked = limits.stop() or bool(limits.signals.received) or isinstance(self._broken_off, SystemExit)
        no_time = limits.time.is_near() or isinstance(self._broken_off, TimeIsUp)
        stopping, ending, late = training.world.any(asked, events.end_requested, no_time)
        # After everything else that this step writes: a resumed run cuts off later lines and writes them again.
        if step % settings.checkpoint_every == 0 or last or stopping or late or ending or self._best.improved:
            self._save()
        self.leave(stopping and not last, late and not last)
        return ending

    def evaluate_if_due(self) -> None:
        """Render the artifacts and measure the metrics whose `every` divides this step."""
        if not self._evaluation.is_due():
            return
        self._monitor.raise_if_any(self._run)
        with self._breakable():
            with self._limits.signals.at_once(), self._limits.time.enforced():
                measured = self._evaluation.on_the_way()
            if measured:
                self._run.append_metrics({"step": self._training.step, "metrics": measured})

    def evaluate(self) -> None:
        """Render and measure everything after the last step. Raises as `leave` does."""
        spec = self._training.spec
        breakable = self._limits.signals.at_once() if spec.metrics or spec.artifacts else nullcontext()
        with self._breakable():
            with breakable, self._limits.time.enforced():
                measured = self._evaluation.at_the_end()
            self._evaluation.write(measured)
        self.leave(stopping=False, late=False)

    def leave(self, stopping: bool, late: bool) -> None:
        """End the run here, if something asks for it. A checkpoint of this step is saved.

        Args:
            stopping: Whether it was asked to stop.
            late: Whether the time has passed.

        Raises:
            Stopped: It was asked to stop.
            TimeUp: The time has passed.
            SystemExit: A callback, a metric or an artifact has exited.
        """
        if isinstance(self._broken_off, SystemExit):
            raise self._broken_off
        if stopping or isinstance(self._broken_off, Interrupted):
            raise Stopped(self._training.step)
        if late or isinstance(self._broken_off, TimeIsUp):
            raise TimeUp(self._training.step)

    @contextmanager
    def _breakable(self) -> Iterator[None]:
        """A context that a signal, the end of the time or a component's exit leaves; `leave` is to follow a checkpoint.

        Raises:
            Interrupted: It is not the first signal.
        """
        try:
            yield
        except (Interrupted, TimeIsUp, SystemExit) as error:
            if isinstance(error, Interrupted) and error.again:
                raise
            self._broken_off = error

    def _save(self) -> None:
        training, settings = self._training, self._training.spec.train
        self._monitor.raise_if_any(self._run)
        self._run.check_in_place()
        with self._limits.time.saving():
            saved = save(training, self._run, evaluated=self._broken_off is None)
        self._best.record()
        regular = [training.step - training.step % settings.checkpoint_every] if settings.on_nan == "rollback" else []
        checkpoint.prune(self._run.checkpoints, settings.keep, {settings.steps, *self._best.steps, *regular})
        self._events.send(CheckpointSaved(**self._events.now(), checkpoint=saved.folder))


def train_along(training: Training, stop: Callable[[], bool], signals: Signals) -> None:
    """Take the same steps as the main process, without writing anything. Raises Stopped when it does."""
    with signals.deferred():
        (ending,) = training.world.any(False)
        while training.step < training.spec.train.steps and not ending:
            training.advance()
            stopping, ending, late = training.world.any(stop() or bool(signals.received), False, False)
            if (stopping or late) and training.step < training.spec.train.steps:
                raise (Stopped if stopping else TimeUp)(training.step)


def log(
    training: Training, run: RunFolder, losses: Mapping[str, Losses], steps_per_second: float, events: RunEvents
) -> None:
    """Append the latest losses, what controlled the step, and the throughput to metrics.jsonl."""
    spec, step = training.spec, training.step
    scalars, controls = training.scalars.read(), read_controls(training)
    training.scalars.clear()
    run.check_in_place()
    images_per_second = steps_per_second * spec.train.batch_size
    timing = {"images_per_second": round(images_per_second, 1), "unix": round(time.time(), 3)}
    run.append_metrics({"step": step, **controls, **scalars, "time": timing})
    events.send(
        StepLogged(
            **events.now(),
            losses=scalars,
            controls=controls,
            images_per_second=images_per_second,
            steps_per_second=steps_per_second,
            diagnostics=events.while_handled(partial(events.diagnostics, losses)),
        )
    )


class Throughput:
    """Steps per second since the last lap."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._since, self._step = time.perf_counter(), training.step

    def lap(self) -> float:
        now, step = time.perf_counter(), self._training.step
        throughput = (step - self._step) / max(now - self._since, 1e-9)
        self._since, self._step = now, step
        return throughput
