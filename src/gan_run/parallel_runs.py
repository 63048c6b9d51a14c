"""Several `gan-run train` commands, each in a process of its own, some of them at the same time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch

from gan_run.core.base.errors import RunError
from gan_run.core.run.options import RunOptions
from gan_run.core.run.stopping import Stopped, TimeUp

POLL_SECONDS = 0.1
"""Seconds between two looks at the processes."""


class Outcome(NamedTuple):
    """What has come of several runs, each by what it is called."""

    runs: dict[str, Path]
    """The run folders of those that were trained."""
    failures: dict[str, Exception]
    """Why the others failed."""


class Child:
    """One process that trains.

    It writes its output to a file and the folder of its run to another: what a plugin prints is only passed on. It
    stops with a checkpoint when this process is gone; a file, unlike a pipe, can then still be written to.
    """

    def __init__(self, arguments: list[str], threads: int, folder: Path, begun: float) -> None:
        folder.mkdir()
        self._report = folder / "report.json"
        output = folder / "output.txt"
        own = ["--parent", str(os.getpid()), "--report", str(self._report), "--begun", str(begun)]
        with output.open("w", encoding="utf-8") as stdout:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gan_run", *arguments, *own],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                start_new_session=True,  # Ctrl-C is forwarded to it once, by this process
            )
        self._output = output.open(encoding="utf-8", errors="replace")
        self._begun = ""
        self._last = ""

    def new_lines(self) -> Iterator[str]:
        """What the process has printed since the last call, in whole lines; once it has ended, all."""
        ended = self.process.poll() is not None
        *lines, self._begun = (self._begun + self._output.read()).split("\n")
        if ended and self._begun:
            lines.append(self._begun)
            self._begun = ""
        self._last = next(filter(None, reversed(lines)), self._last)
        yield from lines

    def run_folder(self) -> Path | None:
        """The folder of the run, after the process has ended with exit code 0; None if its time was up."""
        folder = json.loads(self._report.read_text(encoding="utf-8"))["run"]
        return None if folder is None else Path(folder)

    def error(self, code: int) -> RunError:
        """Why the process has ended with this exit code: the error that it has reported, or its last line."""
        if code < 0:
            return RunError(f"killed by signal {-code}")
        if self._report.exists():
            return RunError(json.loads(self._report.read_text(encoding="utf-8"))["error"])
        return RunError(self._last.strip() or f"exit code {code}")

    def close(self) -> None:
        """Kill the process if it is still running."""
        self.process.kill()
        self.process.wait()
        self._output.close()


class ParallelRuns:
    """Runs `gan-run` with the arguments given for each run, `jobs` at a time, which share this process's threads."""

    def __init__(self, commands: Mapping[str, list[str]], jobs: int, options: RunOptions) -> None:
        self._waiting = dict(commands)
        self._jobs = jobs
        self._options = options
        self._threads = max(1, torch.get_num_threads() // jobs)
        self._running: dict[str, Child] = {}
        self._outcome = Outcome({}, {})
        self._begun = time.monotonic() if options.begun is None else options.begun
        self._time_is_up = False

    def train(self) -> Outcome:
        """Train all of them. One that fails does not end the others.

        Raises:
            Stopped: `options.stop` returned True, or the time of `train.for` has passed, and every process has saved a
                checkpoint.
        """
        with TemporaryDirectory() as folder, self._options.signals.deferred():
            try:
                stopped = self._run_all(Path(folder))
            finally:
                for child in self._running.values():
                    child.close()
        if stopped:
            raise Stopped
        if self._time_is_up:
            raise TimeUp
        return self._outcome

    def _run_all(self, folder: Path) -> bool:
        """Returns whether they were stopped."""
        stopped = False
        while self._running or (self._waiting and not stopped and not self._time_is_up):
            while self._waiting and not stopped and not self._time_is_up and len(self._running) < self._jobs:
                key = next(iter(self._waiting))
                self._running[key] = self._child(key, folder)
            time.sleep(POLL_SECONDS)
            if not stopped and self._options.is_asked_to_stop():
                stopped = True
                for child in self._running.values():
                    child.process.terminate()
            self._collect()
        return stopped

    def _child(self, key: str, folder: Path) -> Child:
        arguments = self._waiting.pop(key)
        return Child(arguments, self._threads, folder / str(len(self._waiting)), self._begun)

    def _collect(self) -> None:
        """Pass on what was printed, and take away the processes that have ended."""
        for key, child in list(self._running.items()):
            code = child.process.poll()  # before its output is read, so that nothing is left to read
            for line in child.new_lines():
                self._options.notify(f"{key}: {line}")
            if code is None:
                continue
            if code:
                self._outcome.failures[key] = child.error(code)
            elif (run := child.run_folder()) is not None:
                self._outcome.runs[key] = run
            else:
                self._time_is_up = True
            self._running.pop(key).close()
