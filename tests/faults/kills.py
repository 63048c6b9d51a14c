"""Processes that are killed by SIGKILL: at random moments, and just before an operation on a file."""

import os
import random
import signal
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trial import STEPS, Trial, differences, new_trial, renewed

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
OPERATIONS = frozenset(
    {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "shutil.rmtree"}
)
MAKING = frozenset({"open", "os.mkdir"})
"""Those that make or write a file or a folder."""
MOST_KILLS = 4
"""How often one run is killed at most."""


@dataclass
class KillFigures:
    """What became of the runs that were killed."""

    runs: int = 0
    kills: int = 0
    before_operations: int = 0
    """How many of the kills were just before an operation on a file."""
    while_preparing: int = 0
    """How many came before the first checkpoint: pictures are decoded, the folder is made."""
    while_finishing: int = 0
    """How many came after the last step: the model is measured and drawn."""
    lost: list[str] = field(default_factory=list)
    """Runs that did not go on from their last complete checkpoint."""
    diverged: list[str] = field(default_factory=list)
    """Runs whose files at the end are others than those of an undisturbed run, or more."""


def count_operations(root: Path, file: Path, events: Collection[str]) -> None:
    """In a process: write how many operations of some kinds on files below `root` it makes, as they come."""
    made = 0

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal made
        if event in events and is_operation(event, arguments, root):
            made += 1
            os.pwrite(descriptor, f"{made}\n".encode(), 0)

    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    sys.addaudithook(hear)


def kill_before(number: int, root: Path) -> None:
    """In a process: end it just before its operation of this number, from 1, on files below `root`."""
    left = number

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if is_operation(event, arguments, root):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hear)


def is_operation(event: str, arguments: tuple[object, ...], root: Path) -> bool:
    """Whether an event of Python's audit is an operation that changes a file below `root`."""
    if event not in OPERATIONS:
        return False
    path = arguments[0]
    if not isinstance(path, (str, bytes, os.PathLike)):
        return False
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
        return False
    return os.path.abspath(os.fsdecode(path)).startswith(str(root))  # noqa: PTH100  # a Path opens nothing, but is slow


def kill_trials(kills: int, folder: Path, seed: int = 0) -> KillFigures:
    """Kill trainings until there were so many kills, a third of them just before an operation on a file.

    Args:
        kills: How many.
        folder: A new folder.
        seed: Of the moments.
    """
    chosen = random.Random(seed)
    trial, figures = new_trial(folder), KillFigures()
    expected, operations, seconds = undisturbed(trial)
    while figures.kills < kills:
        figures.runs += 1
        renewed(trial)
        for _ in range(min(chosen.randint(1, MOST_KILLS), kills - figures.kills)):
            before = trial.last_step()
            if not _killed(trial, chosen, operations, seconds, figures):
                break
            if trial.last_step() < before:
                figures.lost.append(f"step {before} was complete, and now {trial.last_step()} is the last")
        last = trial.last_step()
        done = trial.done()
        if done.returncode or (0 < last < STEPS and f"after step {last}" not in done.stderr + done.stdout):
            figures.lost.append(done.stderr)
        elif found := differences(trial.contents(), expected):
            figures.diverged.append(", ".join(found))
    return figures


def undisturbed(trial: Trial, events: Collection[str] = OPERATIONS) -> tuple[dict[str, str], int, float]:
    """The files of an undisturbed run, its number of operations of some kinds on files, and how long it takes."""
    done = trial.done()
    assert done.returncode == 0, done.stderr
    expected = trial.contents()
    counted = trial.folder.with_name(f"{trial.folder.name}-operations")
    began = time.monotonic()
    done = renewed(trial).done(prepare=partial(count_operations, trial.folder, counted, events))
    assert not differences(trial.contents(), expected), "two undisturbed runs are not alike"
    return expected, int(counted.read_text().splitlines()[0]), time.monotonic() - began


def _killed(trial: Trial, chosen: random.Random, operations: int, seconds: float, figures: KillFigures) -> bool:
    """Train until it is killed; whether it was."""
    at_operation = figures.before_operations * 3 <= figures.kills
    prepare = partial(kill_before, chosen.randint(1, operations), trial.folder) if at_operation else None
    with trial.command(prepare=prepare) as process:
        if not at_operation:
            time.sleep(chosen.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
        killed = process.wait().returncode == -signal.SIGKILL
    figures.kills += killed
    figures.before_operations += killed and at_operation
    figures.while_preparing += killed and trial.last_step() == 0
    figures.while_finishing += killed and trial.last_step() == STEPS
    return killed
