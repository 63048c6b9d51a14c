"""The training loop."""

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
from gan_run.core.run.events import CheckpointSaved, Listener, StepLogged
from gan_run.core.run.run_folder import RunFolder


class Stopped(Exception):
    """What was training was asked to stop, and has saved a checkpoint; of a single run, after which step."""

    def __init__(self, step: int | None = None) -> None:
        super().__init__("stopped" if step is None else f"stopped after {step} steps")
        self.step = step


def save(training: Training, run: RunFolder) -> checkpoint.Checkpoint:
    """Write a checkpoint, and remove those no longer kept."""
    tensors = model_tensors(training.game, training.ema)
    damaged = checkpoint.first_not_finite(tensors)
    if damaged is not None:
        raise TrainingError(f"step {training.step}: the weights {damaged} are not finite; {recovery_hint(run)}")
    saved = checkpoint.save(run.checkpoints, training.step, tensors, optimizer_tensors(training.players))
    checkpoint.prune(run.checkpoints, training.spec.train.keep, training.spec.train.steps)
    return saved


def restore(training: Training, saved: checkpoint.Checkpoint) -> None:
    """Go on from a checkpoint, as if never interrupted."""
    model, optimizer = checkpoint.load(saved)
    load_model_tensors(model, training.game, training.ema)
    load_optimizer_tensors(optimizer, training.players)
    training.step = saved.step


class NonFiniteMonitor:
    """Remembers, on the device, the first step at which each objective was not finite: no host sync per step."""

    def __init__(self) -> None:
        self._first: dict[str, Tensor] = {}

    def record(self, step: int, losses: dict[str, Losses]) -> None:
        for player, loss in losses.items():
            for term, value in loss.terms.items():
                key = f"{player}/{term}"
                bad = torch.where(torch.isfinite(value), torch.inf, float(step))
                self._first[key] = torch.minimum(self._first[key], bad) if key in self._first else bad

    def raise_if_any(self, run: RunFolder) -> None:
        """Raise TrainingError if anything was not finite since the beginning."""
        firsts = {key: float(step) for key, step in self._first.items()}
        bad = [(step, key) for key, step in firsts.items() if step != torch.inf]
        if bad:
            step, key = min(bad)
            raise TrainingError(f"step {int(step)}: the loss {key} is not finite; {recovery_hint(run)}")


def recovery_hint(run: RunFolder) -> str:
    """Where to go back to."""
    latest = run.latest()
    return f"the last good checkpoint is {latest.folder}" if latest else "there is no checkpoint yet"


def train(training: Training, run: RunFolder, data: Splits, listener: Listener, stop: Callable[[], bool]) -> None:
    """Train to the end, then evaluate. Raises Stopped if asked to stop, TrainingError if losses are not finite."""
    settings = training.spec.train
    monitor = NonFiniteMonitor()
    throughput = Throughput(training)
    while training.step < settings.steps:
        # Play.
        losses = training.advance()
        step = training.step
        monitor.record(step, losses)
        last, stopping = step == settings.steps, training.processes.any(stop())

        # Log.
        if step % settings.log_every == 0 or last:
            monitor.raise_if_any(run)
            with training.phase("logging"):
                log(training, run, losses, throughput.lap(), listener)

        # Look.
        if not last:
            evaluate_if_due(training, run, data, monitor)

        # Save. It comes after all that this step wrote: what a resumed run cuts off, it will write again.
        if step % settings.checkpoint_every == 0 or last or stopping:
            monitor.raise_if_any(run)
            saved = save(training, run)
            listener.checkpoint_saved(CheckpointSaved(run.path, step, saved.folder))

        if stopping and not last:
            raise Stopped(step)
    evaluate(training, run, data)


def train_along(training: Training, stop: Callable[[], bool]) -> None:
    """What the other processes do while the first trains: the same steps. Raises Stopped as it does."""
    while training.step < training.spec.train.steps:
        training.advance()
        if training.processes.any(stop()) and training.step < training.spec.train.steps:
            raise Stopped(training.step)


def log(
    training: Training, run: RunFolder, losses: dict[str, Losses], steps_per_second: float, listener: Listener
) -> None:
    """Write down this step's losses and the pace, and tell whoever listens."""
    spec, step = training.spec, training.step
    scalars = read_scalars(losses)
    images_per_second = steps_per_second * spec.train.batch_size
    timing = {"images_per_second": round(images_per_second, 1), "unix": round(time.time(), 3)}
    run.append_metrics({"step": step, **scalars, "time": timing})
    listener.step_logged(StepLogged(run.path, step, spec.train.steps, scalars, images_per_second, steps_per_second))


def evaluate_if_due(training: Training, run: RunFolder, data: Splits, monitor: NonFiniteMonitor) -> None:
    """Draw and measure what is due at this step on the way."""
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
    """Draw and measure everything of a finished run. evaluation.json comes last: it says that the run is finished."""
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
