"""The processes that benchmarks/gpu.py starts: tests and measurements, each with a time limit."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from types import MappingProxyType
from xml.etree import ElementTree

from gan_run.benchmarks.gpu_cases import Case, Result


class Child:
    """A Python process in a session of its own, whose lines are read with a time limit."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._lines: Queue[str | None] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self, seconds: float) -> str | None:
        """Its next line; None if it has ended. Raises TimeoutError after `seconds`."""
        try:
            return self._lines.get(timeout=max(0.0, seconds))
        except Empty:
            raise TimeoutError from None

    def end(self) -> int:
        """Kill it and the processes it has started, if it still runs. Returns its exit code."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reader.join()
        return self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._process.wait()
        self._lines.put(None)


@contextmanager
def child(
    *arguments: str, folder: Path | None = None, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Child]:
    """A process in `folder`, which has ended when the block is left."""
    started = Child(arguments, environment, folder)
    try:
        yield started
    finally:
        started.end()


def run_tests(root: Path, folder: Path, limit: float, processes: int) -> str:
    """Run the tests of tests/gpu. Returns Markdown: how many passed, what failed, why others were skipped.

    Args:
        root: The checkout that has tests/gpu.
        folder: Where pytest may write its report.
        limit: Seconds after which they are stopped.
        processes: How many test processes share the GPU: each compiles for itself, and each has a CUDA context of about
            half a GiB. 0 for one process.
    """
    report, begin = folder / "tests.xml", time.monotonic()
    options = ("-q", "-n", str(processes), "-m", "gpu", "-p", "no:cacheprovider", f"--junitxml={report}", "tests/gpu")
    with child("-m", "pytest", *options, folder=root) as tests:
        try:
            while (line := tests.line(begin + limit - time.monotonic())) is not None:
                print(line, end="", file=sys.stderr)
        except TimeoutError:
            return f"`pytest -m gpu tests/gpu` was stopped after {limit:.0f} s."
    if not report.exists():
        return "`pytest -m gpu tests/gpu` could not run (is the extra `test` installed?)."
    return _summary(ElementTree.parse(report).getroot(), time.monotonic() - begin)  # noqa: S314  # pytest wrote it


def _summary(root: ElementTree.Element, seconds: float) -> str:
    cases = list(root.iter("testcase"))
    if not cases:
        return "`pytest -m gpu tests/gpu` ran no test: see its messages."
    failed = [each for each in cases if each.find("failure") is not None or each.find("error") is not None]
    skipped = [(each, reason) for each in cases if (reason := each.find("skipped")) is not None]
    passed = len(cases) - len(failed) - len(skipped)
    counts = f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped, in {seconds:.0f} s"
    lines = [f"- failed: `{each.get('name')}`" for each in failed]
    lines += [f"- skipped: `{each.get('name')}`: {reason.get('message')}" for each, reason in skipped]
    return "\n".join([f"`pytest -m gpu tests/gpu`: {counts}.", *([""] if lines else []), *lines])


def time_cases(cases: Sequence[Case], limit: float, end: float, options: Sequence[str], **env: str) -> Iterator[Result]:
    """Time cases one after the other in a process, and in a new one after a case that killed it or took too long.

    Args:
        cases: What to time.
        limit: The seconds that one case may take, the start of its process included.
        end: When all has to be done, by time.monotonic(): what is left by then is not run.
        options: Further options of gpu_worker.
        env: Environment variables of the process.
    """
    waiting = list(cases)
    while waiting and time.monotonic() < end:
        named = json.dumps([[case.network, case.variant] for case in waiting])
        with child("-m", "gan_run.benchmarks.gpu_worker", *options, "--cases", named, environment=env) as worker:
            while waiting:
                result = _next_result(worker, waiting[0], limit, end)
                waiting.pop(0)
                yield result
                if result.status == "not run" or (result.status == "failed" and _damaged(result)):
                    break
    for case in waiting:
        yield Result(case, "not run", "no time was left")


def _next_result(worker: Child, case: Case, limit: float, end: float) -> Result:
    seconds = min(limit, end - time.monotonic())
    try:
        line = worker.line(seconds)
    except TimeoutError:
        return Result(case, "not run", f"stopped after {max(0.0, seconds):.0f} s")
    if line is None:
        return Result(case, "not run", f"its process ended with exit code {worker.end()}")
    return Result.from_json(line)


def _damaged(result: Result) -> bool:
    """Whether the process can compute nothing on the device any more, as after an illegal access."""
    return "CUDA error" in result.reason
