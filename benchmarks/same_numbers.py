"""Whether two commits train the same numbers, which a refactoring must not change.

    python benchmarks/same_numbers.py main . [--specs quickstart r3gan] [--steps 60] [--keep DIR]

Each example is trained for a few steps by the code of each commit, on one thread, in fp32, on the CPU. Every logged
scalar and every tensor of the last checkpoint must agree to the last bit. `.` is the working tree: committed or not,
without ignored files. Both commits run in this environment, with this torch and the other plugins installed here.

With --keep, runs stay in DIR and the next comparison uses them again. A run's name holds the commit (for `.`, the
hash of the files) and a hash of the overrides, but no version of torch: empty DIR after an upgrade.
Exit code: 0 if all that was trained is equal, 1 if anything differs or failed, 2 for a mistake in the command.
"""

import argparse
import hashlib
import os
import shlex
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from gan_run.benchmarks.run_differences import compare

ROOT = Path(__file__).resolve().parent.parent
SPECS = ("quickstart", "infogan-cr", "ss-infogan", "few-images", "r3gan", "wgan-gp")
OVERRIDES = ("train.log_every=1", "train.device=cpu", "train.precision=fp32", "metrics=[]", "artifacts=[]")
EARLY = (
    ("quickstart", "losses.2.weight.from_step=0"),
    ("quickstart", "losses.2.weight.to_step=50"),
    ("quickstart", "optimizers.generator.lr.from_step=0"),
    ("quickstart", "optimizers.discriminator.lr.from_step=0"),
    ("infogan-cr", "losses.2.weight=1.0"),
    ("few-images", "discriminator.augment.0.speed=5000"),
    ("infogan-mnist-tuned", "optimizers.generator.lr.from_step=0"),
    ("infogan-mnist-tuned", "optimizers.discriminator.lr.from_step=0"),
)
"""What acts only after thousands of steps in these examples acts from the first."""
NO_DATA = 3
CHILD = f"""
import sys
from importlib.metadata import distribution
from pathlib import Path
import gan_run
import torch

source, spec, out, *overrides = sys.argv[1:]
for found in (gan_run.__file__, distribution("gan-run").locate_file("")):
    if not Path(found).resolve().is_relative_to(source):
        sys.exit(f"gan-run is imported from {{found}}, not from {{source}}")
torch.set_num_threads(1)
try:
    if hasattr(gan_run.read_spec(spec, overrides).data, "download"):
        overrides.append("data.download=false")
    gan_run.train(spec, out, overrides=overrides)
except gan_run.DataError as error:
    print(error, file=sys.stderr)
    sys.exit({NO_DATA})
"""


# Training


class Outcome(NamedTuple):
    """What came of one spec: a line of the table."""

    verdict: Literal["equal", "differs", "skipped", "failed"]
    text: str


class Failed(NamedTuple):
    """A training that left no run."""

    reason: str
    no_data: bool


@dataclass(frozen=True)
class Side:
    """The code of one commit, and where its runs go."""

    name: str
    source: Path
    runs: Path

    def train(self, spec: str, steps: int, overrides: Sequence[str]) -> Path | Failed:
        """The run folder of an example, trained in a process of its own unless it is there already."""
        settings = (*OVERRIDES, f"train.steps={steps}", f"train.checkpoint_every={steps}", *overrides)
        digest = hashlib.sha256("\n".join(settings).encode()).hexdigest()[:8]
        out = self.runs / f"{self.name}-{spec}-{steps}-{digest}"
        if (run := finished(out, steps)) is not None:
            return run
        example = self.source / "examples" / f"{spec}.json"
        command = [sys.executable, "-P", "-c", CHILD, str(self.source), str(example), str(out), *settings]
        environment = {**os.environ, "PYTHONPATH": str(self.source / "src"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0 and (run := finished(out, steps)) is not None:
            return run
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}, no checkpoint of step {steps}"]
        return Failed(lines[-1], done.returncode == NO_DATA)


def finished(out: Path, steps: int) -> Path | None:
    """The run below `out` that has its last checkpoint."""
    return next((path.parents[2] for path in out.glob(f"*/checkpoints/step-{steps:08d}/manifest.json")), None)


def unpack(commit: str, source: Path, runs: Path) -> Side:
    """Write a commit's files to `source`. Raises CalledProcessError if git knows no such commit."""
    if commit == ".":
        index = {"GIT_INDEX_FILE": str(source.with_suffix(".index"))}
        git("add", "--all", **index)
        name = git("write-tree", **index)
    else:
        name = git("rev-parse", "--verify", f"{commit}^{{commit}}")
    archive = source.with_suffix(".tar")
    git("archive", "--output", str(archive), name)
    with tarfile.open(archive) as files:
        files.extractall(source, filter="data")
    install(source)
    return Side(name[:12], source, runs)


def git(*arguments: str, **variables: str) -> str:
    """What a git command on this repository prints."""
    command = ["git", "-C", str(ROOT), *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def install(source: Path) -> None:
    """Write the metadata of an installed distribution to `source`/src, so that the entry points there are this code's.

    With that folder on PYTHONPATH it comes before the distribution in the environment, of which nothing is found.
    """
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = source / "src" / f"gan_run-{project['version']}.dist-info"
    folder.mkdir()
    header = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (folder / "METADATA").write_text(header, encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {module}" for name, module in points.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


# The command line


def examine(spec: str, sides: Sequence[Side], options: argparse.Namespace) -> Outcome:
    """Train one example by the code of both sides and compare the runs."""
    overrides = [text for scope, text in (*EARLY, *options.set) if scope in ("", spec)]
    runs = [side.train(spec, options.steps, overrides) for side in sides]
    failures = {side.name: run for side, run in zip(sides, runs, strict=True) if isinstance(run, Failed)}
    if not failures:
        before, after = (run for run in runs if isinstance(run, Path))
        found = compare(before, after, dict(options.rename))
        return Outcome("differs" if found.differences else "equal", str(found))
    if all(isinstance(run, Failed) and run.no_data for run in runs):
        return Outcome("skipped", next(iter(failures.values())).reason)
    return Outcome("failed", "; ".join(f"{name}: {failure.reason}" for name, failure in failures.items()))


def scoped(argument: str) -> tuple[str, str]:
    """The value of --set: for which spec ("" for all), and the override."""
    scope, colon, override = argument.partition(":")
    return (scope, override) if colon and "=" not in scope else ("", argument)


def rename(argument: str) -> tuple[str, str]:
    """The value of --rename."""
    old, equals, new = argument.partition("=")
    if not old or not equals:
        raise argparse.ArgumentTypeError(f"{argument!r} is not of the form OLD=NEW")
    return old, new


def parse() -> argparse.Namespace:
    """The command line's arguments."""
    parser = argparse.ArgumentParser(description="Whether two commits train the same numbers.")
    parser.add_argument("before", help="a commit")
    parser.add_argument("after", help="a commit; . is the working tree")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--specs", nargs="+", default=SPECS, metavar="SPEC", help=f"default: {' '.join(SPECS)}")
    which.add_argument("--all", action="store_true", help="every example whose data is here; nothing is downloaded")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument(
        "--set", type=scoped, action="append", default=[], metavar="[SPEC:]PLACE=VALUE", help="override a field"
    )
    parser.add_argument(
        "--rename", type=rename, action="append", default=[], metavar="OLD=NEW", help="part of a name in BEFORE's runs"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs, and use those that are there")
    parser.add_argument("--jobs", type=int, default=1, help="examples at a time")
    return parser.parse_args()


def main() -> int:
    """Compare every example that is named."""
    options = parse()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        runs = folder / "runs" if options.keep is None else options.keep.resolve()
        try:
            sides = [unpack(options.before, folder / "before", runs), unpack(options.after, folder / "after", runs)]
        except subprocess.CalledProcessError as error:
            print(f"error: {shlex.join(error.cmd)}: {error.stderr.strip() or 'no such commit'}", file=sys.stderr)
            return 2
        specs = options.specs
        if options.all:
            specs = sorted({path.stem for side in sides for path in (side.source / "examples").glob("*.json")})
        if unknown := {scope for scope, _ in options.set} - {"", *specs}:
            print(f"error: --set: no spec called {', '.join(unknown)} is compared", file=sys.stderr)
            return 2
        verdicts = set()
        with ThreadPoolExecutor(options.jobs) as pool:
            for spec, outcome in zip(specs, pool.map(lambda spec: examine(spec, sides, options), specs), strict=True):
                print(f"{spec:{max(map(len, specs))}}  {outcome.verdict:7}  {outcome.text}", flush=True)
                verdicts.add(outcome.verdict)
    return 0 if "equal" in verdicts and verdicts <= {"equal", "skipped"} else 1


if __name__ == "__main__":
    sys.exit(main())
