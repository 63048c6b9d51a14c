"""Tests and benchmarks on one GPU, in one command and under five minutes. Writes docs/benchmarks-gpu.md.

On a bare machine with a CUDA device, Python 3.11 or later and a C compiler (which torch.compile needs), in a checkout:

    pip install '.[test]'
    python benchmarks/gpu.py

pip's default torch is built for CUDA. No data is needed: images are uint8 noise of each spec's shape. In this order:

    the tests of tests/gpu, in a process of their own
    every network in every eager variant: fp32, TF32, bf16, channels last, cudnn.benchmark, reused fakes
    infogan-mnist beside the loops of benchmarks/plain_infogan.py
    every network compiled, in TF32 and in bf16

The page is written anew after each result, so that a command that is cut off leaves what it has found. What does not
fit into --seconds is listed as not run. --dry-run takes the same path with tiny networks, on the CPU unless --device
says otherwise, without compilation, and prints the page.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from gan_run import GanRunError
from gan_run.bench.baselines import compare
from gan_run.benchmarks.gpu_cases import NETWORKS, VARIANTS, Case, Network, Result, cases, spec_of, tiny
from gan_run.benchmarks.gpu_page import PAPER_NETWORK, Beside, Found, page
from gan_run.benchmarks.gpu_process import run_tests, time_cases
from gan_run.core.run.environment import describe_environment

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, which has the tests; the package may be installed elsewhere."""
PAGE = ROOT / "docs" / "benchmarks-gpu.md"
COMPARED_IN = "tf32"
DRY_VARIANT = "bf16, compiled"


@dataclass(frozen=True)
class Plan:
    """How much of everything; times are in seconds."""

    networks: Mapping[str, Network]
    cases: tuple[Case, ...]
    implementations: tuple[str, ...]
    """Of benchmarks/plain_infogan.py."""
    tests: float
    """The most that the tests may take."""
    eager: float
    compiled: float
    """The most that one case may take, with the start of its process and compilation."""
    timed: float | None
    """About how long the steps of a case are timed; None to time `most` steps."""
    most: int
    """The most steps that are timed."""
    compared: int
    """The steps that are timed beside the loops written by hand."""
    dry: bool


def full_plan() -> Plan:
    """Of a benchmark."""
    todo = tuple(cases(NETWORKS))
    implementations = ("plain", "resident", "bare")
    return Plan(NETWORKS, todo, implementations, 120, eager=25, compiled=90, timed=1, most=500, compared=200, dry=False)


def dry_plan() -> Plan:
    """Of a dry run: one case, since each starts a process."""
    networks = tiny()
    todo = (Case(next(iter(networks)), DRY_VARIANT),)
    return Plan(networks, todo, ("bare",), 300, eager=120, compiled=120, timed=None, most=1, compared=1, dry=True)


class Benchmark:
    """Everything that is measured on one device, and the page of it."""

    def __init__(self, plan: Plan, device: str, out: Path | None, seconds: float) -> None:
        self.found = Found(machine(device), plan.networks, plan.dry)
        self._plan = plan
        self._device = device
        self._out = out
        self._begin = time.monotonic()
        self._end = self._begin + seconds

    def run(self, folder: Path) -> None:
        """All parts, in the order of the module's docstring; noise and reports are written to `folder`."""
        self.write()
        limit = min(self._plan.tests, self._end - time.monotonic())
        self.found.tests = run_tests(ROOT, folder, limit, processes=0 if self._plan.dry else 4)
        self.write()
        compiled = {variant for variant, options in VARIANTS.items() if options.get("compile")}
        todo = self._plan.cases
        self._time([case for case in todo if case.variant not in compiled], self._plan.eager, folder)
        self._compare(folder)
        self._time([case for case in todo if case.variant in compiled], self._plan.compiled, folder)

    def write(self) -> None:
        """Write the page as it is now; a reader never sees half of it."""
        self.found.seconds = time.monotonic() - self._begin
        if self._out is not None:
            temporary = self._out.with_name(f".{self._out.name}.tmp")
            temporary.write_text(page(self.found), encoding="utf-8")
            temporary.replace(self._out)

    def _time(self, todo: list[Case], limit: float, folder: Path) -> None:
        plan = self._plan
        options = ["--device", self._device, "--folder", str(folder), "--most", str(plan.most)]
        options += [] if plan.timed is None else ["--seconds", str(plan.timed)]
        options += ["--tiny"] if plan.dry else []
        env = {"TORCH_COMPILE_DISABLE": "1", "OMP_NUM_THREADS": "1"} if plan.dry else {}
        for result in time_cases(todo, limit, self._end, options, **env):
            self.found.results[result.case] = result
            _say(f"{result.case.network}, {result.case.variant}: {_in_words(result)}")
            self.write()

    def _compare(self, folder: Path) -> None:
        plan = self._plan
        spec = spec_of(plan.networks[PAPER_NETWORK], VARIANTS[COMPARED_IN], self._device, folder)
        for implementation in plan.implementations:
            if time.monotonic() > self._end:
                self.found.beside_reason = "no time was left"
                return
            try:
                compared = compare(spec, implementation, plan.compared, 1, (), _say)
            except GanRunError as error:
                self.found.beside_reason = f"{implementation}: {error}"
                return
            beside = Beside(implementation, COMPARED_IN, compared.ours[0], compared.theirs[0])
            self.found.beside.append(beside)
            self.write()
        self.found.beside_reason = ""


def machine(device: str) -> dict[str, str]:
    """What the page says of device, driver and versions."""
    said = describe_environment(device, {}, None)
    found = {"device": said["device"], "processor": said["processor"], "torch": said["torch"], "Python": said["python"]}
    if torch.device(device).type == "cuda":
        found |= {"driver": _driver(), "CUDA": torch.version.cuda, "cuDNN": torch.backends.cudnn.version()}  # type: ignore[no-untyped-call]  # torch leaves it so
        found["device memory"] = f"{torch.cuda.get_device_properties(device).total_memory / 2**30:.0f} GiB"
    return {name: str(value) for name, value in found.items()}


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown (nvidia-smi does not say)"


def _in_words(result: Result) -> str:
    timed = f"{result.images_per_second:.0f} images/s, {result.share_of_peak:.1%} of the peak"
    return timed if result.status == "timed" else f"{result.status}: {result.reason}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Test, measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=280, help="after which nothing more is begun (default: 280)")
    parser.add_argument("--out", type=Path, help=f"the page (default: {PAGE.relative_to(ROOT)}; none in a dry run)")
    parser.add_argument("--device", help="a torch device (default: cuda; cpu in a dry run)")
    parser.add_argument("--dry-run", action="store_true", help="the same path with tiny networks")
    args = parser.parse_args()
    device = args.device or ("cpu" if args.dry_run else "cuda")
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        _say("error: torch finds no CUDA device here; --dry-run takes the same path on the CPU")
        return 2
    if torch.device(device).type != "cuda" and not args.dry_run:
        _say("error: the page is of a CUDA device; --dry-run takes the same path on others")
        return 2
    out = args.out or (None if args.dry_run else PAGE)
    benchmark = Benchmark(dry_plan() if args.dry_run else full_plan(), device, out, args.seconds)
    with TemporaryDirectory() as folder:
        benchmark.run(Path(folder))
    if args.dry_run:
        print(page(benchmark.found))
    results = benchmark.found.results.values()
    _say(
        json.dumps(
            {status: sum(each.status == status for each in results) for status in ("timed", "failed", "not run")}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
