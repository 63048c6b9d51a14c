"""A small training whose processes fail, and the comparison of what it leaves with an undisturbed one.

It has all that a run writes: a cache of decoded pictures, checkpoints, logs, metrics and pictures at intervals, an
evaluation, a report.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from forked import Forked, started

NAME = "t"
PICTURES = 24
STEPS = 12
SPEC: dict[str, Any] = {
    "name": NAME,
    "data": {"type": "image-folder", "root": "pictures", "size": 8, "cache": "cache", "test_fraction": 0.2},
    "latents": {"z": {"type": "gaussian", "count": 4}, "c": {"type": "categorical", "classes": 3}},
    "generator": {"type": "mlp", "hidden": [16]},
    "discriminator": {"trunk": {"type": "mlp", "hidden": [16]}, "head": {"type": "linear"}},
    "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"c": 1.0}, "hidden": 8}],
    "optimizers": {"generator": {"type": "adam", "lr": 2e-3}, "discriminator": {"type": "adam", "lr": 2e-3}},
    "train": {"steps": STEPS, "batch_size": 4, "log_every": 1, "checkpoint_every": 3, "ema": 0.9, "device": "cpu"},
    "metrics": [{"type": "information", "every": 5}],
    "artifacts": [{"type": "samples", "rows": 1, "columns": 2, "every": 4}],
}
PASSING = frozenset({"environment.json", "report.html"})
"""Files that say when and how often a run was trained."""
TIMES = frozenset({"time", "seconds", "steps_per_second", "crc32"})
"""Fields of a line or of an evaluation that say when it was written, and how fast."""


@dataclass(frozen=True)
class Trial:
    """A folder with pictures, a spec, and what a training makes."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "runs" / NAME

    @contextmanager
    def command(self, *arguments: str, prepare: Callable[[], None] | None = None) -> Iterator[Forked]:
        """`gan-run ARGUMENTS` in a process of its own.

        Args:
            arguments: The arguments; none given, it trains.
            prepare: Called in that process first.
        """
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with started(arguments or ["spec.json"], self.folder, environment, prepare=prepare) as process:
            yield process

    def done(self, *arguments: str, prepare: Callable[[], None] | None = None) -> "subprocess.CompletedProcess[str]":
        """The same, when it has ended."""
        with self.command(*arguments, prepare=prepare) as process:
            return process.wait()

    def last_step(self) -> int:
        """The step of the last complete checkpoint; 0 without one."""
        steps = [int(path.name.removeprefix("step-")) for path in (self.run / "checkpoints").glob("step-*")]
        return max(steps, default=0)

    def contents(self) -> dict[str, str]:
        """A digest of each file that a training leaves, by its path: of logs without the times in them."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() or path.is_symlink())
        return {str(path.relative_to(self.folder)): _digest(path) for path in files if path.suffix != ".lock"}


def new_trial(folder: Path) -> Trial:
    """A folder for a training, with the same pictures each time."""
    random = np.random.default_rng(0)
    (folder / "pictures").mkdir(parents=True)
    for number in range(PICTURES):
        path = folder / "pictures" / f"{number:02}.png"
        Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
        os.utime(path, (0, 0))
    (folder / "spec.json").write_text(json.dumps(SPEC), encoding="utf-8")
    return Trial(folder)


def renewed(trial: Trial) -> Trial:
    """The same folder without what a training has made: paths are part of some files."""
    for name in ("runs", "cache"):
        shutil.rmtree(trial.folder / name, ignore_errors=True)
    return trial


def differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """The files that are missing, left over, or different."""
    return [
        f"{name}: {'missing' if name not in found else 'left over' if name not in expected else 'different'}"
        for name in sorted({*found, *expected})
        if found.get(name) != expected.get(name)
    ]


def _digest(path: Path) -> str:
    if path.name in PASSING:
        return "passing"
    content = path.read_bytes()
    if path.suffix in (".jsonl", ".json") and "cache" not in path.parts:
        lines = content.splitlines() if path.suffix == ".jsonl" else [content]
        with suppress(ValueError):  # a file that was damaged, and is as it was
            content = repr([_without_times(json.loads(line)) for line in lines]).encode()
    return hashlib.sha256(content).hexdigest()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if key not in TIMES}
    return [_without_times(item) for item in value] if isinstance(value, list) else value
