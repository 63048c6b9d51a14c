"""Processes that are killed by SIGKILL: at random moments, and just before an operation on a file."""

import os
import random
import signal
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from operations import at_operations, undisturbed
from trial import STEPS, Trial, differences, new_trial, renewed

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


def kill_before(number: int, root: Path) -> None:
    """In a process: end it just before its operation of this number, from 1, on files below `root`."""

    def kill(operation: int, _: str) -> None:
        if operation == number:
            os.kill(os.getpid(), signal.SIGKILL)

    at_operations(root, kill)


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
