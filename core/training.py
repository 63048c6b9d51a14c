"""The training loop."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from gan_run.core import checkpoint, evaluation
from gan_run.core.average import Average
from gan_run.core.data import DataInfo, Feed, ImageSet, Splits
from gan_run.core.errors import TrainingError
from gan_run.core.events import CheckpointSaved, Listener, StepLogged
from gan_run.core.game import Game, build_game
from gan_run.core.model import Model
from gan_run.core.player import players
from gan_run.core.precision import autocast
from gan_run.core.processes import ALONE, Processes
from gan_run.core.randomness import seed_everything
from gan_run.core.run_folder import RunFolder
from gan_run.core.spec import Spec
from gan_run.core.state import (
    load_model_tensors,
    load_optimizer_tensors,
    model_tensors,
    optimizer_tensors,
)
from gan_run.core.update import Kept, Losses


class Stopped(Exception):
    """What was training was asked to stop, and has saved a checkpoint; of a single run, after which step."""

    def __init__(self, step: int | None = None) -> None:
        super().__init__("stopped" if step is None else f"stopped after {step} steps")
        self.step = step


class Training:
    """A game, its players and its data, at some step."""

    def __init__(self, spec: Spec, info: DataInfo, images: ImageSet, processes: Processes = ALONE) -> None:
        seed_everything(spec.seed, "initialisation")
        self.spec = spec
        self.info = info
        self.device = torch.device(spec.train.device)
        game: nn.Module = build_game(spec, info, images).to(self.device).train()
        if spec.train.sync_batch_norm and processes.count > 1:
            game = nn.SyncBatchNorm.convert_sync_batchnorm(game)  # type: ignore[no-untyped-call]  # torch leaves it so
        assert isinstance(game, Game)
        self.game = game
        if images.labels is not None:
            self.game.latents.learn(images.labels.to(self.device))
        self.average = None if spec.train.ema is None else Average(self.game.stack, spec.train.ema)
        self.processes = processes
        self.players = players(self.game, spec, autocast(self.device, spec.train.precision), processes)
        self.feed = Feed(images.to(self.device), spec.data.batch_size, spec.seed, processes)
        self.step = 0
        self._batches_per_step = max(player.updates for player in self.players)

    def advance(self) -> dict[str, Losses]:
        """One step: all players once through. Returns each player's last losses."""
        seed_everything(self.spec.seed, "step", self.step)
        kept = Kept() if self.spec.train.reuse_fakes else None
        losses: dict[str, Losses] = {}
        for player in self.players:
            for update in range(player.updates):
                with self.phase("data"):
                    batch = self.feed.batch(self.step * self._batches_per_step + update)
                with self.phase(player.name):
                    moved = player.move(self.step, batch, kept)
                if moved is not None:
                    losses[player.name] = moved
        if self.average is not None:
            with self.phase("averaging"):
                self.average.update(self.game.stack, self.step)
        self.step += 1
        return losses

    def phase(self, name: str) -> AbstractContextManager[object]:
        """Opened around each part of a step, for who wants to know how long it takes."""
        return nullcontext()

    def model(self) -> Model:
        """The model as it is now, to look at."""
        average = None if self.average is None else self.average.stack
        return Model(self.game, average, self.info.image, self.device)

    def save(self, run: RunFolder) -> checkpoint.Checkpoint:
        """Write a checkpoint, and remove those no longer kept."""
        tensors = model_tensors(self.game, self.average)
        damaged = checkpoint.first_not_finite(tensors)
        if damaged is not None:
            raise TrainingError(f"step {self.step}: the weights {damaged} are not finite; {last_good(run)}")
        saved = checkpoint.save(run.checkpoints, self.step, tensors, optimizer_tensors(self.players))
        checkpoint.prune(run.checkpoints, self.spec.train.keep, self.spec.train.steps)
        return saved

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Go on from a checkpoint, as if never interrupted."""
        model, optimizer = checkpoint.load(saved)
        load_model_tensors(model, self.game, self.average)
        load_optimizer_tensors(optimizer, self.players)
        self.step = saved.step


class Watch:
    """Remembers, on the device, the first step at which each objective was not finite: no host sync per step."""

    def __init__(self) -> None:
        self._first: dict[str, Tensor] = {}

    def see(self, step: int, losses: dict[str, Losses]) -> None:
        for player, loss in losses.items():
            for term, value in loss.terms.items():
                key = f"{player}/{term}"
                bad = torch.where(torch.isfinite(value), torch.inf, float(step))
                self._first[key] = torch.minimum(self._first[key], bad) if key in self._first else bad

    def refuse(self, run: RunFolder) -> None:
        """Raise TrainingError if anything was not finite since the beginning."""
        firsts = {key: float(step) for key, step in self._first.items()}
        bad = [(step, key) for key, step in firsts.items() if step != torch.inf]
        if bad:
            step, key = min(bad)
            raise TrainingError(f"step {int(step)}: the loss {key} is not finite; {last_good(run)}")


def last_good(run: RunFolder) -> str:
    """Where to go back to."""
    latest = run.latest()
    return f"the last good checkpoint is {latest.folder}" if latest else "there is no checkpoint yet"


def train(training: Training, run: RunFolder, data: Splits, listener: Listener, stop: Callable[[], bool]) -> None:
    """Train to the end, then evaluate. Raises Stopped if asked to stop, TrainingError if losses are not finite."""
    settings = training.spec.train
    watch = Watch()
    pace = Pace(training)
    while training.step < settings.steps:
        # Play.
        losses = training.advance()
        step = training.step
        watch.see(step, losses)
        last, stopping = step == settings.steps, training.processes.any(stop())

        # Log.
        if step % settings.log_every == 0 or last:
            watch.refuse(run)
            with training.phase("logging"):
                log(training, run, losses, pace.lap(), listener)

        # Look.
        if not last:
            look(training, run, data, watch)

        # Save. It comes after all that this step wrote: what a resumed run cuts off, it will write again.
        if step % settings.checkpoint_every == 0 or last or stopping:
            watch.refuse(run)
            saved = training.save(run)
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
    images_per_second = steps_per_second * spec.data.batch_size
    timing = {"images_per_second": round(images_per_second, 1), "unix": round(time.time(), 3)}
    run.append_metrics({"step": step, **scalars, "time": timing})
    listener.step_logged(StepLogged(run.path, step, spec.train.steps, scalars, images_per_second, steps_per_second))


def look(training: Training, run: RunFolder, data: Splits, watch: Watch) -> None:
    """Draw and measure what is due at this step on the way."""
    spec, step = training.spec, training.step
    artifacts = [artifact for artifact in spec.artifacts if artifact.every and step % artifact.every == 0]
    metrics = [metric for metric in spec.metrics if metric.every and step % metric.every == 0]
    if artifacts or metrics:
        watch.refuse(run)
        model = training.model()
        evaluation.draw(model, data, run.path, artifacts, step, spec.seed)
        if metrics:
            run.append_metrics({"step": step, "metrics": evaluation.measure(model, data, metrics, spec.seed)})


def evaluate(training: Training, run: RunFolder, data: Splits) -> None:
    """Draw and measure everything of a finished run. evaluation.json comes last: it says that the run is finished."""
    spec = training.spec
    model = training.model()
    evaluation.draw(model, data, run.path, spec.artifacts, training.step, spec.seed)
    found = evaluation.measure(model, data, spec.metrics, spec.seed)
    run.write_evaluation({"step": training.step, "metrics": found})


def read_scalars(losses: dict[str, Losses]) -> dict[str, float]:
    """Every objective and report by name, read from the device: the one place where the loop waits for it."""
    tensors: dict[str, Tensor] = {}
    for player, loss in losses.items():
        tensors |= {f"{player}/{term}": value for term, value in loss.terms.items()}
        for term, reports in loss.reports.items():
            tensors |= {f"{player}/{term}/{name}": value for name, value in reports.items()}
    return {name: float(value) for name, value in tensors.items()}


class Pace:
    """Steps per second since the last lap."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._since, self._step = time.perf_counter(), training.step

    def lap(self) -> float:
        now, step = time.perf_counter(), self._training.step
        pace = (step - self._step) / max(now - self._since, 1e-9)
        self._since, self._step = now, step
        return pace
