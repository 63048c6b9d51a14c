"""The training loop."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from gan_run.core.base.errors import TrainingError
from gan_run.core.engine.state import (
    load_model_tensors,
    load_optimizer_tensors,
    model_tensors,
    optimizer_tensors,
)
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.engine.update import Losses
from gan_run.core.kinds.data_source import Splits
from gan_run.core.run import checkpoint, evaluation
from gan_run.core.run.events import CheckpointSaved, Dispatcher, StepLogged
from gan_run.core.run.run_folder import RunFolder


class Stopped(Exception):
    """Training stopped on request, after saving a checkpoint.

    Attributes:
        step: The number of steps taken; None where several runs were stopped.
    """

    def __init__(self, step: int | None = None) -> None:
        super().__init__("stopped" if step is None else f"stopped after {step} steps")
        self.step = step


def save(training: Training, run: RunFolder) -> checkpoint.Checkpoint:
    """Write a checkpoint, and remove those that are no longer kept."""
    tensors = model_tensors(training.game, training.ema)
    damaged = checkpoint.first_not_finite(tensors)
    if damaged is not None:
        raise TrainingError(f"step {training.step}: the weights {damaged} are not finite; {recovery_hint(run)}")
    run.sync_metrics()  # a resumed run writes only the lines after its checkpoint
    saved = checkpoint.save(run.checkpoints, training.step, tensors, optimizer_tensors(training.players))
    checkpoint.prune(run.checkpoints, training.spec.train.keep, training.spec.train.steps)
    return saved


def restore(training: Training, saved: checkpoint.Checkpoint) -> None:
    """Load a checkpoint into `training`: the next steps are those of an uninterrupted run."""
    model, optimizer = checkpoint.load(saved)
    load_model_tensors(model, training.game, training.ema)
    load_optimizer_tensors(optimizer, training.players)
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


def train(training: Training, run: RunFolder, data: Splits, events: Dispatcher, stop: Callable[[], bool]) -> None:
    """Train to the last step, then evaluate.

    Raises:
        Stopped: `stop` returned True; a checkpoint is saved.
        TrainingError: A loss or a weight is not finite.
    """
    settings = training.spec.train
    monitor = NonFiniteMonitor()
    throughput = Throughput(training)
    while training.step < settings.steps:
        losses = training.advance()
        step = training.step
        monitor.record(step, losses)
        last = step == settings.steps

        if step % settings.log_every == 0 or last:
            monitor.raise_if_any(run)
            with training.phase("logging"):
                log(training, run, losses, throughput.lap(), events)

        if not last:
            evaluate_if_due(training, run, data, monitor)

        stopping = training.world.any(stop())  # after the step's events, since a callback may ask for it
        # After everything else that this step writes: a resumed run cuts off later lines and writes them again.
        if step % settings.checkpoint_every == 0 or last or stopping:
            monitor.raise_if_any(run)
            saved = save(training, run)
            events.send(CheckpointSaved(folder=run.path, step=step, checkpoint=saved.folder))

        if stopping and not last:
            raise Stopped(step)
    evaluate(training, run, data)


def train_along(training: Training, stop: Callable[[], bool]) -> None:
    """Take the same steps as the main process, without writing anything. Raises Stopped when it does."""
    while training.step < training.spec.train.steps:
        training.advance()
        if training.world.any(stop()) and training.step < training.spec.train.steps:
            raise Stopped(training.step)


def log(
    training: Training, run: RunFolder, losses: dict[str, Losses], steps_per_second: float, events: Dispatcher
) -> None:
    """Append this step's losses and throughput to metrics.jsonl."""
    spec, step = training.spec, training.step
    scalars = read_scalars(losses)
    images_per_second = steps_per_second * spec.train.batch_size
    timing = {"images_per_second": round(images_per_second, 1), "unix": round(time.time(), 3)}
    run.append_metrics({"step": step, **scalars, "time": timing})
    events.send(
        StepLogged(
            folder=run.path,
            step=step,
            steps=spec.train.steps,
            scalars=scalars,
            images_per_second=images_per_second,
            steps_per_second=steps_per_second,
        )
    )


def evaluate_if_due(training: Training, run: RunFolder, data: Splits, monitor: NonFiniteMonitor) -> None:
    """Render the artifacts and measure the metrics whose `every` divides this step."""
    spec, step = training.spec, training.step
    artifacts = [artifact for artifact in spec.artifacts if artifact.every and step % artifact.every == 0]
    metrics = [metric for metric in spec.metrics if metric.every and step % metric.every == 0]
    if artifacts or metrics:
        monitor.raise_if_any(run)
        model = training.model()
        evaluation.render_artifacts(model, data, run.path, artifacts, step, spec.seed)
        if metrics:
            run.append_metrics({"step": step, "metrics": evaluation.measure(model, data, metrics, spec.seed)})


def evaluate(training: Training, run: RunFolder, data: Splits) -> None:
    """Render and measure everything after the last step. evaluation.json is written last and marks a finished run."""
    spec = training.spec
    model = training.model()
    evaluation.render_artifacts(model, data, run.path, spec.artifacts, training.step, spec.seed)
    found = evaluation.measure(model, data, spec.metrics, spec.seed)
    run.write_evaluation({"step": training.step, "metrics": found})


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
