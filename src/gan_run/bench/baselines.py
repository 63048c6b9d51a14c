"""Times a spec beside the loop written by hand in benchmarks/plain_infogan.py, run and run about."""

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
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.experiment import dump

SAME = ("latents", "generator", "discriminator", "losses", "optimizers")
SAME_TRAIN = ("updates", "clip", "ema", "reuse_fakes")
"""What has to be as in the recipe that was written by hand."""
RECIPE = "infogan-mnist"


@dataclass(frozen=True)
class Comparison:
    """Images per second of either side, run by run."""

    against: str
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return median(self.ours) / median(self.theirs)


def check_comparable(spec: Spec, recipe: Spec) -> None:
    """Refuse a spec that is another game than the one written by hand, `recipe`. Raises SpecError."""
    problems = [
        Problem((field,), f"not as in {RECIPE}, which is what was written by hand: there is nothing to compare with")
        for field in SAME
        if getattr(spec, field) != getattr(recipe, field)
    ]
    problems += [
        Problem(("train", field), f"it has to be as in {RECIPE}, which is what was written by hand")
        for field in SAME_TRAIN
        if getattr(spec.train, field) != getattr(recipe.train, field)
    ]
    if problems:
        raise SpecError(problems, spec.name)


def compare(
    spec: Spec, hand: str, steps: int, rounds: int, options: Sequence[str], say: Callable[[str], None]
) -> Comparison:
    """Each side `rounds` times by turns, each time in a process of its own. `spec` has no `auto` left; `options` are
    those of the command line that say which plugins there are."""
    comparison = Comparison(hand, [], [])
    with TemporaryDirectory() as folder, as_file(files("gan_run.benchmarks") / "plain_infogan.py") as script:
        spec_file = Path(folder) / "spec.json"
        spec_file.write_text(json.dumps(dump(spec)), encoding="utf-8")
        _write_as_torchvision_does(spec, Path(folder))
        timed = ["--steps", str(steps)]
        ours = ["-m", "gan_run", "bench", str(spec_file), *timed, "--only-pace", "--json", *options]
        theirs = [str(script), "--root", folder, "--hand", hand, "--batch-size", str(spec.data.batch_size), *timed]
        theirs += ["--device", spec.train.device]
        if hand == "bare" and spec.train.precision == "bf16":
            theirs += ["--bf16"]
        theirs += ["--tf32"] if spec.train.precision == "tf32" else []
        for number in range(1, rounds + 1):
            comparison.ours.append(_images_per_second(ours))
            comparison.theirs.append(_images_per_second(theirs))
            say(f"round {number}: {comparison.ours[-1]:.1f} images/s, {hand} {comparison.theirs[-1]:.1f} images/s")
    return comparison


def _images_per_second(command: Sequence[str]) -> float:
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RunError(f"{shlex.join(command)} failed with exit code {done.returncode}")
    return float(json.loads(done.stdout)["images_per_second"])


def _write_as_torchvision_does(spec: Spec, root: Path) -> None:
    """The training images as IDX files where torchvision's MNIST looks for them, and the test files it wants to see."""
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
