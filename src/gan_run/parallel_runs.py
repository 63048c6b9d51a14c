"""Several command lines that train, each in a process of its own, some at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

import torch

from gan_run.core.base.errors import RunError
from gan_run.core.run.loop import Stopped
from gan_run.runs import Watched

LOOK_EVERY = 0.1
"""Seconds between two looks at the processes."""


class ParallelRuns:
    """Trains by `gan-run` with the arguments given for each seed; the threads are split among those at a time."""

    def __init__(self, commands: Mapping[int, list[str]], jobs: int, watched: Watched) -> None:
        self._waiting = dict(commands)
        self._at_a_time = jobs
        self._watched = watched
        self._threads = max(1, torch.get_num_threads() // jobs)
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
            [sys.executable, "-m", "gan_run", *self._waiting.pop(seed)],
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
