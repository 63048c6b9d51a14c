"""The training loop."""

import math
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial

import torch
from torch import Tensor

from gan_run.core.base.errors import TrainingError
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
from gan_run.core.kinds.events import ArtifactRendered, CheckpointSaved, MetricMeasured, StepLogged
from gan_run.core.run import checkpoint, evaluation
from gan_run.core.run.best import BestCheckpoint
from gan_run.core.run.dispatcher import RunEvents
from gan_run.core.run.run_folder import RunFolder


class Stopped(Exception):
    """Training stopped on request, after saving a checkpoint.

    Attributes:
        step: The number of steps taken; None where several runs were stopped.
    """

    def __init__(self, step: int | None = None) -> None:
        super().__init__("stopped" if step is None else f"stopped after step {step}")
        self.step = step


def save(training: Training, run: RunFolder) -> checkpoint.Checkpoint:
    """Write a checkpoint."""
    tensors = model_tensors(training.game, training.ema)
    damaged = checkpoint.first_not_finite(tensors)
    if damaged is not None:
        raise TrainingError(f"step {training.step}: the weights {damaged} are not finite; {recovery_hint(run)}")
    run.sync_logs()  # a resumed run writes only the lines after its checkpoint
    rest = {**optimizer_tensors(training.players), **feed_tensors(training.feed)}
    return checkpoint.save(run.checkpoints, training.step, tensors, rest, training.scalars.read())


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
            raise TrainingError(f"step {int(step)}: the loss {name} is not finite; {recovery_hint(run)}")


def recovery_hint(run: RunFolder) -> str:
    """Which checkpoint to resume from after an error."""
    latest = run.latest()
    return f"the last good checkpoint is {latest.folder}" if latest else "there is no checkpoint yet"


def train(training: Training, run: RunFolder, data: Splits, events: RunEvents, stop: Callable[[], bool]) -> None:
    """Train to the last step, or until a callback asks for the end, then evaluate.

    Raises:
        Stopped: `stop` returned True; a checkpoint is saved.
        TrainingError: A loss or a weight is not finite.
    """
    settings = training.spec.train
    monitor = NonFiniteMonitor()
    throughput = Throughput(training)
    best = BestCheckpoint(training.spec, run.checkpoints, training.step)
    (ending,) = training.world.any(events.end_requested)  # of a resumed run, which had come to its end
    while training.step < settings.steps and not ending:
        events.release_model()
        losses = training.advance()
        step = training.step
        monitor.record(step, losses)
        training.scalars.record(losses)
        last = step == settings.steps

        if step % settings.log_every == 0 or last:
            monitor.raise_if_any(run)
            with training.phase("logging"):
                log(training, run, losses, throughput.lap(), events)

        if not last:
            evaluate_if_due(training, run, data, monitor, events, best)

        # After the step's events, since a callback may ask for them.
        stopping, ending = training.world.any(stop(), events.end_requested)
        # After everything else that this step writes: a resumed run cuts off later lines and writes them again.
        if step % settings.checkpoint_every == 0 or last or stopping or ending or best.improved:
            monitor.raise_if_any(run)
            run.check_in_place()
            saved = save(training, run)
            best.record()
            checkpoint.prune(run.checkpoints, settings.keep, {settings.steps, *best.steps})
            events.send(CheckpointSaved(**events.now(), checkpoint=saved.folder))

        if stopping and not last:
            raise Stopped(step)
    evaluate(training, run, data, events, best)


def train_along(training: Training, stop: Callable[[], bool]) -> None:
    """Take the same steps as the main process, without writing anything. Raises Stopped when it does."""
    (ending,) = training.world.any(False)
    while training.step < training.spec.train.steps and not ending:
        training.advance()
        stopping, ending = training.world.any(stop(), False)
        if stopping and training.step < training.spec.train.steps:
            raise Stopped(training.step)


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


def evaluate_if_due(
    training: Training,
    run: RunFolder,
    data: Splits,
    monitor: NonFiniteMonitor,
    events: RunEvents,
    best: BestCheckpoint,
) -> None:
    """Render the artifacts and measure the metrics whose `every` divides this step."""
    spec, step = training.spec, training.step
    artifacts = [index for index, each in enumerate(spec.artifacts) if each.every and step % each.every == 0]
    metrics = [index for index, each in enumerate(spec.metrics) if each.every and step % each.every == 0]
    if artifacts or metrics:
        monitor.raise_if_any(run)
        render(training, run, data, artifacts, events)
        if metrics:
            run.append_metrics({"step": step, "metrics": measure(training, data, metrics, events, best)})


def evaluate(training: Training, run: RunFolder, data: Splits, events: RunEvents, best: BestCheckpoint) -> None:
    """Render and measure everything after the last step. evaluation.json is written last and marks a finished run."""
    spec, step = training.spec, training.step
    render(training, run, data, range(len(spec.artifacts)), events)
    found = measure(training, data, range(len(spec.metrics)), events, best)
    run.check_in_place()
    best.record()
    early = {} if step == spec.train.steps else {"ended_early": True}
    run.add_evaluation(step, found)
    run.write_evaluation({"step": step, **early, "metrics": found})


def render(training: Training, run: RunFolder, data: Splits, indices: Collection[int], events: RunEvents) -> None:
    """Render some of the spec's artifacts."""
    spec = training.spec
    artifacts = [spec.artifacts[index] for index in indices]
    rendered = evaluation.render_artifacts(events.model(), data, run.path, artifacts, training.step, spec.seed)
    for index, artifact, files in zip(indices, artifacts, rendered, strict=True):
        events.send(ArtifactRendered(**events.now(), artifact=artifact, index=index, files=tuple(files)))


def measure(
    training: Training, data: Splits, indices: Collection[int], events: RunEvents, best: BestCheckpoint
) -> list[dict[str, object]]:
    """Measure some of the spec's metrics. Returns the fields of each and what it found."""
    spec = training.spec
    keys = [list(spec.metrics_by_key())[index] for index in indices]
    metrics = [spec.metrics[index] for index in indices]
    measured = []
    each_found = evaluation.measure(events.model(), data, metrics, spec.seed)
    for index, key, metric, found in zip(indices, keys, metrics, each_found, strict=True):
        events.send(MetricMeasured(**events.now(), metric=metric, index=index, key=key, found=found))
        best.consider(training.step, key, found)
        measured.append(evaluation.with_fields(metric, found))
    return measured


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
