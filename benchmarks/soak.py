"""Whether a long run keeps its memory, its open files and its place on the disk.

    python benchmarks/soak.py [--steps 100000] [--out FOLDER]

Trains a tiny InfoGAN with what happens in a long run: log lines, alarms, checkpoints, a metric and pictures on the way.
At each log line it notes the resident memory, the open files and the size of the run folder; logs and pictures apart,
since each line and picture is meant to stay. Exits with 1 if something grows
from the second tenth of the run to the last.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from gan_run import Callback, RunOptions, StepLogged, train

PAGE = 4096
SHOWN = 10
"""How many lines are printed."""
ROOM = 16 * 2**20
"""Bytes by which the memory may differ: what an allocator keeps comes and goes."""


class Reading(NamedTuple):
    """What a run takes up after some step."""

    step: int
    memory: int
    """Resident bytes."""
    files: int
    """Open files."""
    kept: int
    """Bytes of the run folder without logs and pictures."""
    logged: int
    """Bytes of logs and pictures."""


class Watch(Callback):
    """Takes a reading at each log line."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []

    def step_logged(self, event: StepLogged) -> None:
        memory = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        files = len(list(Path("/proc/self/fd").iterdir()))
        sizes = {path: path.stat().st_size for path in event.folder.rglob("*") if path.is_file()}
        logged = sum(size for path, size in sizes.items() if path.suffix in (".jsonl", ".png"))
        self.readings.append(Reading(event.step, memory, files, sum(sizes.values()) - logged, logged))


def spec_of(steps: int, images: Path) -> Mapping[str, object]:
    """A tiny InfoGAN.

    Args:
        steps: Its number of steps.
        images: The file of its images.
    """
    adam = {"type": "adam", "lr": 1e-4}
    return {
        "name": "soak",
        "data": {"type": "array", "path": str(images)},
        "latents": {"z": {"type": "gaussian", "count": 4}, "c": {"type": "categorical", "classes": 3}},
        "generator": {"type": "mlp", "hidden": [16]},
        "discriminator": {"trunk": {"type": "mlp", "hidden": [16]}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"c": 1.0}, "hidden": 8}],
        "optimizers": {"generator": adam, "discriminator": adam},
        "train": {
            "steps": steps,
            "batch_size": 8,
            "log_every": max(1, steps // 200),
            "checkpoint_every": max(1, steps // 100),
            "device": "cpu",
        },
        "metrics": [{"type": "information", "samples": 500, "every": max(1, steps // 50)}],
        "artifacts": [{"type": "samples", "rows": 2, "every": max(1, steps // 20)}],
        "callbacks": [{"type": "alarms"}],
    }


def growth(readings: Sequence[Reading]) -> dict[str, tuple[float, float, float]]:
    """The median of the second tenth, that of the last one, and what the latter may be, by what is measured."""
    tenth = max(1, len(readings) // 10)
    early, late = readings[tenth : 2 * tenth], readings[-tenth:]
    found = {}
    for field, room in (("memory", ROOM), ("files", 0), ("kept", PAGE)):
        before, after = (median(getattr(reading, field) for reading in some) for some in (early, late))
        found[field] = (before, after, before + room)
    return found


def main() -> int:
    """Train, and print what the run took up."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--out", type=Path, help="The folder for the run; a temporary one by default.")
    arguments = parser.parse_args()
    watch = Watch()
    with TemporaryDirectory() as folder:
        images = Path(folder) / "images.npz"
        np.savez(images, images=np.random.default_rng(0).integers(0, 256, (256, 8, 8), dtype=np.uint8))
        out = arguments.out or Path(folder) / "runs"
        train(spec_of(arguments.steps, images), out, options=RunOptions(callbacks=[watch], progress=False))
    print("    step  memory (MiB)  open files  checkpoints and others (KiB)  logs and pictures (KiB)")
    for reading in watch.readings[:: max(1, len(watch.readings) // SHOWN)]:
        kept, logged = reading.kept / 1024, reading.logged / 1024
        print(f"{reading.step:8}{reading.memory / 2**20:14.1f}{reading.files:12}{kept:30.1f}{logged:25.1f}")
    failed = False
    for field, (before, after, most) in growth(watch.readings).items():
        failed |= after > most
        print(f"{field}: {before:,.0f}, then {after:,.0f}: {'grows' if after > most else 'flat'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
