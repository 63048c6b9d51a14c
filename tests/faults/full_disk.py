"""A disk that is full: at whatever write that shows, the command says so in a line, and finishes once there is room."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from operations import MAKING, at_operations, undisturbed
from trial import Trial, differences, new_trial, renewed

SIZE = 16 * 2**20
"""The bytes of the disk."""
PAGE = 4096
"""The least that a file takes on it."""


@dataclass
class DiskFigures:
    """What became of commands on a full disk."""

    tries: int = 0
    answered: int = 0
    """How many ended with a line that says that the disk is full."""
    finished: int = 0
    """How many ended with the same files when the same command was given again, with room."""
    files: set[str] = field(default_factory=set)
    """The names of the files that the lines named."""
    wrong: list[str] = field(default_factory=list)
    """What else happened."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder that is a disk of its own, in memory. It takes the rights to mount one."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)


def disk_trials(count: int, disk: Path) -> DiskFigures:
    """Train with less and less room on the disk.

    Args:
        count: How often.
        disk: A folder that is a disk of its own.
    """
    trial, figures = new_trial(disk / "trial"), DiskFigures()
    ballast = disk / "ballast"
    before = shutil.disk_usage(disk).used
    done = trial.done()
    assert done.returncode == 0, done.stderr
    expected, needed = trial.contents(), shutil.disk_usage(disk).used - before
    for number in range(count):
        figures.tries += 1
        renewed(trial)
        # A little less than all of it: files of the first run that later ones remove took room too.
        _fill(ballast, room=needed * number // (count + 2) // PAGE * PAGE)
        failed = trial.done()
        ballast.unlink()
        _note(failed, figures)
        _finish(trial, expected, figures)
    return figures


def full_at(number: int, root: Path) -> None:
    """In a process: from the file or folder of this number on, from 1, none can be made or written below `root`."""

    def refuse(made: int, path: str) -> None:
        if made >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    at_operations(root, refuse, MAKING)


def file_trials(most: int, folder: Path) -> DiskFigures:
    """Train on a disk that is full from some file on.

    Args:
        most: How often, spread over the whole of a run; at each file and folder that it makes if these are fewer.
        folder: A new folder.
    """
    trial, figures = new_trial(folder), DiskFigures()
    expected, made, _ = undisturbed(trial, MAKING)
    for number in sorted({1 + made * each // most for each in range(most)}):
        figures.tries += 1
        renewed(trial)
        _note(trial.done(prepare=partial(full_at, number, trial.folder)), figures)
        _finish(trial, expected, figures)
    return figures


def _finish(trial: Trial, expected: dict[str, str], figures: DiskFigures) -> None:
    """Give the same command again, with room."""
    again = trial.done()
    if again.returncode:
        figures.wrong.append(f"with room again: {again.stderr[-500:]}")
    elif found := differences(trial.contents(), expected):
        figures.wrong.append(f"with room again: {', '.join(found)}")
    else:
        figures.finished += 1


def _fill(ballast: Path, room: int) -> None:
    """Leave so many bytes."""
    left = shutil.disk_usage(ballast.parent).free - room
    with ballast.open("wb") as file:
        file.write(bytes(left // PAGE * PAGE))


def _note(failed: "subprocess.CompletedProcess[str]", figures: DiskFigures) -> None:
    last = failed.stderr.strip().splitlines()[-1:] or [""]
    full = "No space left on device" in last[0] or "disk is full" in last[0]
    without_report = failed.returncode == 0 and any("the report failed" in line for line in failed.stderr.splitlines())
    if without_report:
        figures.answered += "Traceback" not in failed.stderr
        figures.files.add("report.html")
    elif failed.returncode == 2 and last[0].startswith("error: ") and full and "Traceback" not in failed.stderr:
        figures.answered += 1
        figures.files.add(last[0].removeprefix("error: ").split(":")[0].rpartition("/")[2])
    else:
        figures.wrong.append(f"exit code {failed.returncode}: {failed.stderr[-800:]}")


def can_mount(folder: Path) -> bool:
    """Whether this user may mount a disk."""
    try:
        with small_disk(folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
