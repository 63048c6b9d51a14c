"""Measures the training of a spec: the loop that trains, with its log and its display, for some steps."""

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
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.dry_run import dry_run
from gan_run.core.run.events import Listener
from gan_run.core.run.loop import Stopped, train
from gan_run.core.run.resolve import check_against_data, resolve_device, resolve_precision, with_train
from gan_run.core.run.run_folder import RunFolder

WARMUP = 5
"""Steps before those that are timed."""


@dataclass(frozen=True)
class Pace:
    """How fast a spec trains."""

    precision: str
    steps: int
    """So many were timed."""
    steps_per_second: float
    images_per_second: float
    """Real ones; as many are generated in every update."""


@dataclass(frozen=True)
class Use:
    """What a pace comes to."""

    flops_per_image: float
    """Of a step, by its batch size."""
    achieved_flops: float
    """Per second."""
    peak_flops: float
    """Per second, of a matrix product on the same device in the same precision."""
    share_of_peak: float
    shares: Mapping[str, float]
    """Of the time of a step, by what it went to."""
    peak_memory: int
    """Bytes."""


class _Clock:
    """Asked by the loop after every step whether to stop. First some steps are timed, then the parts of as many."""

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
        """Of the steps that were timed."""
        return self._times[self._timed] - self._times[self._begin]

    @property
    def shares(self) -> dict[str, float]:
        """Of the time of the steps after those."""
        whole = self._times[self._end] - self._times[self._timed]
        parts = {name: seconds / whole for name, seconds in self._training.seconds.items()}
        return {**parts, "other": 1 - sum(parts.values())}


def time_steps(spec: Spec, steps: int, listener: Listener) -> Pace:
    """How long `steps` steps of `spec` take. Raises as training does."""
    spec, clock = _train(spec, Splits(spec.data), steps, listener, with_parts=False)
    return _pace(spec, steps, clock)


def measure(spec: Spec, steps: int, listener: Listener) -> tuple[Pace, Use]:
    """How long `steps` steps of `spec` take, and what with; as many once more are taken apart. Raises as training
    does."""
    data = Splits(spec.data)
    spec, clock = _train(spec, data, steps, listener, with_parts=True)
    memory = peak_memory(torch.device(spec.train.device))
    pace = _pace(spec, steps, clock)
    flops = dry_run(spec, data).flops
    device = torch.device(spec.train.device)
    with cuda_settings(device, spec.train.precision, cudnn_benchmark=False):
        peak = matrix_peak(device, compute_dtype(spec.train.precision))
    achieved = flops * pace.steps_per_second
    return pace, Use(flops / spec.data.batch_size, achieved, peak, achieved / peak, clock.shares, memory)


def _pace(spec: Spec, steps: int, clock: _Clock) -> Pace:
    per_second = steps / clock.seconds
    return Pace(spec.train.precision, steps, per_second, per_second * spec.data.batch_size)


def _train(spec: Spec, data: Splits, steps: int, listener: Listener, with_parts: bool) -> tuple[Spec, _Clock]:
    """Train for as long as it takes, and return the spec as it was settled too."""
    # It is stopped before its last step: nothing is evaluated, and no checkpoint is written while the clock runs.
    never = WARMUP + 2 * steps + 1
    spec = with_train(resolve_device(spec), steps=never, checkpoint_every=never)
    spec = spec.model_copy(update={"artifacts": (), "metrics": ()})
    info = check_against_data(spec)
    with isolated_rng("bench"), TemporaryDirectory() as folder:
        spec = resolve_precision(spec, info, data["train"])
        training = Stopwatch(spec, info, data["train"])
        clock = _Clock(training, steps, with_parts)
        with suppress(Stopped):
            train(training, RunFolder(Path(folder)), data, listener, clock)
    return spec, clock
