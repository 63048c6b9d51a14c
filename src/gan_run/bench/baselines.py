"""Times a spec beside the loop in benchmarks/plain_infogan.py, in alternating runs."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

from gan_run.core.base.errors import Problem, RunError, SpecError
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.spec import Spec, dump

SAME = ("latents", "generator", "discriminator", "losses", "optimizers")
SAME_TRAIN = ("updates", "clip", "ema", "reuse_fakes")
"""The fields of `train` that must equal the recipe's, which benchmarks/plain_infogan.py implements."""
RECIPE = "infogan-mnist"


@dataclass(frozen=True)
class Comparison:
    """Images per second of both sides, run by run.

    Attributes:
        against: The implementation in benchmarks/plain_infogan.py.
        ours: Of gan-run.
        theirs: Of the other implementation.
    """

    against: str
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """The median of ours divided by the median of theirs."""
        return median(self.ours) / median(self.theirs)


def check_comparable(spec: Spec, recipe: Spec) -> None:
    """Raise SpecError unless the networks, losses and optimisers of `spec` are those of `recipe`."""
    problems = [
        Problem((field,), f"it differs from {RECIPE}, the recipe that benchmarks/plain_infogan.py implements")
        for field in SAME
        if getattr(spec, field) != getattr(recipe, field)
    ]
    problems += [
        Problem(("train", field), f"it differs from {RECIPE}, the recipe that benchmarks/plain_infogan.py implements")
        for field in SAME_TRAIN
        if getattr(spec.train, field) != getattr(recipe.train, field)
    ]
    if problems:
        raise SpecError(problems, spec.name)


def compare(
    spec: Spec, implementation: str, steps: int, rounds: int, options: Sequence[str], notify: Callable[[str], None]
) -> Comparison:
    """Time both sides in alternation, each run in a process of its own.

    Args:
        spec: A spec without `auto`.
        implementation: `plain`, `resident` or `bare`; see benchmarks/plain_infogan.py.
        steps: Timed steps of each run.
        rounds: Runs of each side.
        options: The command line options that choose the plugins.
        notify: Receives a line after each round.

    Raises:
        RunError: A process failed.
    """
    comparison = Comparison(implementation, [], [])
    with TemporaryDirectory() as folder, as_file(files("gan_run.benchmarks") / "plain_infogan.py") as script:
        spec_file = Path(folder) / "spec.json"
        spec_file.write_text(json.dumps(dump(spec)), encoding="utf-8")
        _write_as_torchvision_does(spec, Path(folder))
        report = Path(folder) / "report.json"
        timed = ["--steps", str(steps)]
        ours = ["-m", "gan_run", "bench", str(spec_file), *timed, "--only-pace", "--report", str(report), *options]
        theirs = [str(script), "--root", folder, "--hand", implementation, "--device", spec.train.device, *timed]
        theirs += ["--batch-size", str(spec.train.batch_size)]
        if implementation == "bare" and spec.train.precision == "bf16":
            theirs += ["--bf16"]
        theirs += ["--tf32"] if spec.train.precision == "tf32" else []
        for number in range(1, rounds + 1):
            _run(ours)  # a plugin may print what it likes: the number is read from a file
            comparison.ours.append(_images_per_second(report.read_text(encoding="utf-8")))
            comparison.theirs.append(_images_per_second(_run(theirs)))
            ours_now, theirs_now = comparison.ours[-1], comparison.theirs[-1]
            notify(f"round {number}: {ours_now:.1f} images/s, {implementation} {theirs_now:.1f} images/s")
    return comparison


def _run(command: Sequence[str]) -> str:
    """Run a Python program and return what it printed. Raises RunError if it failed."""
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RunError(f"{shlex.join(command)} failed with exit code {done.returncode}")
    return done.stdout


def _images_per_second(report: str) -> float:
    return float(json.loads(report)["images_per_second"])


def _write_as_torchvision_does(spec: Spec, root: Path) -> None:
    """Write the training images as IDX files where torchvision's MNIST expects them, and empty test files."""
    images = Splits(spec.data)["train"].images
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    count, _, *size = images.shape
    _write_idx(raw / "train-images-idx3-ubyte", images.reshape(count, *size))
    _write_idx(raw / "train-labels-idx1-ubyte", torch.zeros(count, dtype=torch.uint8))
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (raw / name).touch()


def _write_idx(path: Path, array: torch.Tensor) -> None:
    header = bytes([0, 0, 8, array.dim()]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(header + array.contiguous().numpy().tobytes())
