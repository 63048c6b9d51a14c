"""Measures how fast a spec trains: some steps of the real training loop, with its log and display."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from gan_run.bench.peak import matrix_peak, peak_memory
from gan_run.bench.stopwatch import Stopwatch
from gan_run.core.base.cuda_settings import cuda_settings
from gan_run.core.base.device import compute_dtype, synchronize
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.base.signals import Signals
from gan_run.core.kinds.callback import Callback
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.dispatcher import RunEvents
from gan_run.core.run.dry_run import dry_run
from gan_run.core.run.loop import Limits, train
from gan_run.core.run.resolve import check_against_data, resolve_device, resolve_precision, with_train
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.stopping import Stopped
from gan_run.core.run.time_limit import TimeLimit

WARMUP = 5
"""Steps before those that are timed."""


@dataclass(frozen=True)
class Pace:
    """How fast a spec trains.

    Attributes:
        precision: The precision that was timed, without `auto`.
        steps: How many steps were timed.
        images_per_second: Real images; as many are generated in every update.
    """

    precision: str
    steps: int
    steps_per_second: float
    images_per_second: float


@dataclass(frozen=True)
class Use:
    """How training uses the device.

    Attributes:
        flops_per_image: FLOPs of a step, divided by the batch size.
        achieved_flops: FLOP/s during training.
        peak_flops: FLOP/s of a matrix product on the same device in the same precision.
        share_of_peak: The former divided by the latter.
        shares: The share of each part of a step in its time.
        peak_memory: Bytes.
    """

    flops_per_image: float
    achieved_flops: float
    peak_flops: float
    share_of_peak: float
    shares: Mapping[str, float]
    peak_memory: int


class _Clock:
    """The `stop` of a timed run, called after every step: times some steps, then the parts of as many more."""

    def __init__(self, training: Stopwatch, steps: int, with_parts: bool) -> None:
        self._training = training
        self._begin, self._timed = WARMUP, WARMUP + steps
        self._end = self._timed + steps if with_parts else self._timed
        self._times: dict[int, float] = {}

    def __call__(self) -> bool:
        step = self._training.step
        if step in (self._begin, self._timed, self._end):
            synchronize(self._training.device)
            self._times[step] = time.perf_counter()
            self._training.running = step >= self._timed
        return step == self._end

    @property
    def seconds(self) -> float:
        """The time of the timed steps."""
        return self._times[self._timed] - self._times[self._begin]

    @property
    def shares(self) -> dict[str, float]:
        """The share of each part in the time of the steps after those."""
        whole = self._times[self._end] - self._times[self._timed]
        parts = {name: seconds / whole for name, seconds in self._training.seconds.items()}
        return {**parts, "other": 1 - sum(parts.values())}


def time_steps(spec: Spec, steps: int, callback: Callback) -> Pace:
    """Time `steps` steps of `spec`. Raises as training does."""
    spec, clock = _train(spec, Splits(spec.data), steps, callback, with_parts=False)
    return _pace(spec, steps, clock)


def measure(spec: Spec, steps: int, callback: Callback) -> tuple[Pace, Use]:
    """Time `steps` steps of `spec`, then the parts of as many more. Raises as training does."""
    data = Splits(spec.data)
    spec, clock = _train(spec, data, steps, callback, with_parts=True)
    memory = peak_memory(torch.device(spec.train.device))
    pace = _pace(spec, steps, clock)
    flops = dry_run(spec, data).flops
    device = torch.device(spec.train.device)
    with cuda_settings(device, spec.train.precision, cudnn_benchmark=False):
        peak = matrix_peak(device, compute_dtype(spec.train.precision))
    achieved = flops * pace.steps_per_second
    return pace, Use(flops / spec.train.batch_size, achieved, peak, achieved / peak, clock.shares, memory)


def _until(clock: _Clock) -> Limits:
    return Limits(clock, Signals(), TimeLimit(None, 0.0))


def _pace(spec: Spec, steps: int, clock: _Clock) -> Pace:
    per_second = steps / clock.seconds
    return Pace(spec.train.precision, steps, per_second, per_second * spec.train.batch_size)


def _train(spec: Spec, data: Splits, steps: int, callback: Callback, with_parts: bool) -> tuple[Spec, _Clock]:
    """Train until the clock stops it. Returns the spec without `auto`, and the clock."""
    # The clock stops it before its last step: no evaluation and no checkpoint falls into the timed steps.
    never = WARMUP + 2 * steps + 1
    spec = with_train(resolve_device(spec), steps=never, checkpoint_every=never)
    spec = spec.model_copy(update={"artifacts": (), "metrics": ()})
    info = check_against_data(spec, data)
    with isolated_rng("bench"), TemporaryDirectory() as folder:
        spec = resolve_precision(spec, info, data.training_images)
        with Stopwatch(spec, info, data.training_images) as training, suppress(Stopped):
            clock = _Clock(training, steps, with_parts)
            run = RunFolder(Path(folder) / "run")
            with run.locked():
                train(training, run, data, RunEvents([callback], training, run.path), _until(clock))
    return spec, clock
