"""The command line in a process, or in several together, forked from one in which torch is imported.

An interpreter that trains takes about five seconds to import torch, longer than most of these runs take. What is forked
is a process of its own all the same, with its own folder, environment and output, and can be killed.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import distribution
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TextIO

import torch
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

TIMEOUT = 120
"""The most seconds that a process may take."""
SERVER = multiprocessing.get_context("forkserver")
OURS = [entry.value for entry in distribution("gan-run").entry_points.select(group="gan_run")]
SERVER.set_forkserver_preload(["torch._dynamo", "torchvision", "gan_run.cli", *OURS])  # what a training process imports


def run_forked(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], *, processes: int | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `python -m gan_run ARGUMENTS`, as `subprocess.run` does with its output captured.

    Args:
        arguments: What follows `python -m gan_run`.
        folder: The working directory.
        environment: All environment variables. What an interpreter or torch reads of them when it starts has no effect,
            but for PYTHONPATH and OMP_NUM_THREADS.
        processes: So many processes train together, as `torchrun` starts them, which here forks them too. None: one
            process without torch.distributed.

    Returns:
        The exit status, negative for a signal, and the output.
    """
    with started(arguments, folder, environment, processes=processes) as process:
        return process.wait()


class Forked:
    """A process that runs `python -m gan_run ARGUMENTS`.

    Args:
        process: The process, which is started.
        arguments: What follows `python -m gan_run`.
        files: What its output and its error output are written to.
    """

    def __init__(self, process: BaseProcess, arguments: Sequence[str], files: tuple[Path, Path]) -> None:
        self._process, self._arguments, self._files = process, arguments, files

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to it; nothing where it has ended."""
        if self._process.pid is not None and self.is_alive():
            os.kill(self._process.pid, number)

    def wait(self) -> "subprocess.CompletedProcess[str]":
        """The exit status, negative for a signal, and the output. Kills it where it takes too long."""
        self._process.join(TIMEOUT)
        if self._process.exitcode is None:
            self._process.kill()
            raise subprocess.TimeoutExpired(self._arguments, TIMEOUT)
        out, err = (file.read_text(encoding="utf-8") if file.exists() else "" for file in self._files)
        return subprocess.CompletedProcess(list(self._arguments), self._process.exitcode, out, err)


@contextmanager
def started(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    processes: int | None = None,
    prepare: Callable[[], None] | None = None,
) -> Iterator[Forked]:
    """Start a process, as `run_forked` does, and go on; it is killed at the end where it has not ended. `prepare` is
    called in it first."""
    with tempfile.TemporaryDirectory() as output:
        files = Path(output, "stdout"), Path(output, "stderr")
        process = SERVER.Process(
            target=_main, args=(list(arguments), folder, dict(environment), files, processes, prepare)
        )
        process.start()
        try:
            yield Forked(process, arguments, files)
        finally:
            process.kill()
            process.join()


def _main(
    arguments: list[str],
    folder: Path,
    environment: dict[str, str],
    files: tuple[Path, Path],
    processes: int | None,
    prepare: Callable[[], None] | None,
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))
    sys.stdout, sys.stderr = (_redirect(number, file) for number, file in enumerate(files, start=1))
    # A test run in the background ignores them, and a process inherits that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["gan-run", *arguments]
    if prepare is not None:
        prepare()
    if processes is None:
        _command_line()
    else:
        tempfile.tempdir = str(files[0].parent)  # torch leaves a file of each process that fails
        elastic_launch(_standalone(processes), _command_line)()


def _command_line() -> None:
    try:
        runpy.run_module("gan_run", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code:  # torch waits for a process that did well to return
            raise


def _standalone(processes: int) -> LaunchConfig:
    """Return what `torchrun --standalone` launches by, but for the fork."""
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        start_method="fork",
    )


def _redirect(number: int, file: Path) -> TextIO:
    with file.open("wb") as opened:
        os.dup2(opened.fileno(), number)
    return os.fdopen(number, "w", encoding="utf-8", closefd=False)
