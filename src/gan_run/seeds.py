"""One spec, several seeds: their runs, one after the other or several at a time, and their numbers side by side."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import torch

from gan_run.core.comparison import Row, compare
from gan_run.core.errors import RunError
from gan_run.core.experiment import dump
from gan_run.core.processes import joined
from gan_run.core.run_folder import RunFolder
from gan_run.core.spec import Spec
from gan_run.core.training import Stopped
from gan_run.registry.plugins import Registry, load_plugins
from gan_run.runs import UNWATCHED, Components, Watched, read_spec, train

LOOK_EVERY = 0.1
"""Seconds between two looks at processes that train."""


@dataclass(frozen=True)
class TrainedSeeds:
    """Runs of one spec that differ in their seed."""

    runs: Mapping[int, Path]
    """Their folders, by seed."""
    rows: list[Row]
    """Their metrics' headline numbers, compared."""


def as_many_as_pay(count: int, device: str) -> int:
    """How many of `count` runs to train at a time: on a CPU one per core, as threads share small work badly; on an
    accelerator one, which has it to itself."""
    on_cpu = device == "cpu" or (device == "auto" and not torch.accelerator.is_available())
    return min(count, torch.get_num_threads()) if on_cpu else 1


def train_seeds(
    spec: Spec | Mapping[str, object] | Path | str,
    count: int,
    out: Path | str = "runs",
    *,
    at_a_time: int | None = 1,
    overrides: Collection[str] = (),
    fresh: bool = False,
    any_processes: bool = False,
    watched: Watched = UNWATCHED,
    registry: Registry | None = None,
    components: Components = (),
    options: Sequence[str] = (),
) -> TrainedSeeds:
    """Train `count` runs, of the spec's seed and those after it, each into NAME-seed-SEED; raises as `train` does.

    Runs that are finished are not trained again, so that a larger `count` later adds to them. With more than one
    `at_a_time` (None: as many as pay) each is trained by a process of its own, which gets its part of the threads; such
    a process finds what is installed and what `options` of the command line name, but no `components`.
    """
    registry = registry or load_plugins()
    read = read_spec(spec, overrides, registry, components=components)
    if at_a_time is None:
        at_a_time = 1 if joined().count > 1 else as_many_as_pay(count, read.train.device)
    if components and at_a_time > 1:
        raise ValueError("components: classes cannot be handed to other processes; train one at a time")
    names = {seed: f"{read.name}-seed-{seed}" for seed in range(read.seed, read.seed + count)}
    own = {seed: [f"seed={seed}", f"name={json.dumps(name)}"] for seed, name in names.items()}
    if at_a_time == 1:
        runs = {
            seed: train(
                spec,
                out,
                overrides=[*overrides, *changes],
                fresh=fresh,
                any_processes=any_processes,
                watched=watched,
                registry=registry,
                components=components,
            )
            for seed, changes in own.items()
        }
    else:
        with TemporaryDirectory() as folder:
            file = Path(spec) if isinstance(spec, (str, Path)) else Path(folder) / "spec.json"
            if not file.exists():
                file.write_text(json.dumps(dump(read)), encoding="utf-8")
            flags = [flag for flag, wanted in (("--fresh", fresh), ("--any-processes", any_processes)) if wanted]
            common = [str(file), "--out", str(out), *flags, *options]
            changes = {seed: [f"--set={change}" for change in (*overrides, *own[seed])] for seed in own}
            commands = {seed: ["-m", "gan_run", "train", *common, *changes[seed]] for seed in own}
            runs = _Children(commands, at_a_time, watched).train()
    return TrainedSeeds(runs, compare({seed: RunFolder(path) for seed, path in runs.items()}, read.metrics))


class _Children:
    """Processes that train a seed each."""

    def __init__(self, commands: Mapping[int, list[str]], at_a_time: int, watched: Watched) -> None:
        self._waiting = dict(commands)
        self._at_a_time = at_a_time
        self._watched = watched
        self._threads = max(1, torch.get_num_threads() // at_a_time)
        self._running: dict[int, subprocess.Popen[str]] = {}
        self._readers: list[Thread] = []
        self._runs: dict[int, Path] = {}
        self._failed: dict[int, int] = {}

    def train(self) -> dict[int, Path]:
        """The folder of each. Raises Stopped, or RunError if one failed."""
        stopped = False
        try:
            while self._running or (self._waiting and not stopped):
                while self._waiting and not stopped and len(self._running) < self._at_a_time:
                    self._begin(next(iter(self._waiting)))
                time.sleep(LOOK_EVERY)
                if self._watched.stop() and not stopped:
                    stopped = True
                    for child in self._running.values():
                        child.terminate()
                self._collect()
        finally:
            for child in self._running.values():
                child.kill()
            for reader in self._readers:
                reader.join()
        if stopped:
            raise Stopped
        if self._failed:
            raise RunError(
                "; ".join(f"seed {seed} failed with exit code {code}" for seed, code in self._failed.items())
            )
        return dict(sorted(self._runs.items()))

    def _collect(self) -> None:
        for seed in [seed for seed, child in self._running.items() if child.poll() is not None]:
            if code := self._running.pop(seed).returncode:
                self._failed[seed] = code

    def _begin(self, seed: int) -> None:
        child = subprocess.Popen(
            [sys.executable, *self._waiting.pop(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(self._threads)},
            start_new_session=True,  # a Ctrl-C reaches it from here alone, and once
        )
        self._running[seed] = child
        reader = Thread(target=self._read, args=(seed, child))
        reader.start()
        self._readers.append(reader)

    def _read(self, seed: int, child: "subprocess.Popen[str]") -> None:
        assert child.stdout is not None
        for line in child.stdout:
            self._watched.say(f"seed {seed}: {line.rstrip()}")
            if line.startswith("done: "):
                self._runs[seed] = Path(line.removeprefix("done: ").rstrip())
