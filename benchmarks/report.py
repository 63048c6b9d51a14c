"""Measures everything that the manual says about speed: about half an hour on two otherwise idle cores.

    python benchmarks/report.py --mnist DATA > docs/benchmarks.md

DATA holds MNIST's four files. What is learnt in each precision takes nine runs, an hour more; they are kept under RUNS,
and those that are finished there are not trained again.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, median, stdev
from tempfile import TemporaryDirectory
from typing import Any

import torch

GAN_RUN = (sys.executable, "-m", "gan_run")
EXAMPLES = Path(__file__).parent.parent / "examples"
IMPLEMENTATIONS = {
    "plain": "a competent user's loop, images through a DataLoader",
    "resident": "the same, images in memory and batched in bulk",
    "bare": "the same mathematics and nothing else",
}
WAYS = {
    "fp32": "train.precision=fp32",
    "bf16": "train.precision=bf16",
    "fp32, compiled": "train.compile=true",
    "fp32, fakes used again": "train.reuse_fakes=true",
}
LEARNING = ("fp32", "bf16", "fp32, compiled")
"""Ways that ought to learn the same."""
TUNED = ("train.steps=2000", "optimizers.generator.lr=1e-3", "optimizers.discriminator.lr=8e-4")
"""Of `infogan-mnist-tuned`, whose rates otherwise fall at a step that is not reached here."""
SEEDS = 3
SIDE_BY_SIDE = ("quickstart", "infogan-mnist", "lsgan")
THREADS = torch.get_num_threads()


class Machine:
    """Runs commands, each in a process of its own."""

    def __init__(self, mnist: str, runs: Path, rounds: int, steps: int) -> None:
        self.runs = runs
        self.rounds = rounds
        self.steps = steps
        self._mnist = mnist

    def recipe(self, name: str, *changes: str) -> list[str]:
        """An example spec on a command line, its data at hand, in fp32 if `changes` say nothing else."""
        data = [f"data.root={self._mnist}"] if name.startswith("infogan-mnist") else []
        sets = [text for change in (*data, "train.precision=fp32", *changes) for text in ("--set", change)]
        return [str(EXAMPLES / f"{name}.json"), *sets]

    def bench(self, name: str, *options: str, changes: Sequence[str] = ()) -> list[str]:
        """The command that times a recipe."""
        return [*GAN_RUN, "bench", *self.recipe(name, *changes), "--steps", str(self.steps), "--json", *options]

    def answers(self, *commands: Sequence[str], threads: int = THREADS) -> list[dict[str, Any]]:
        """The JSON outputs of commands that run at the same time."""
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        running = []
        for command in commands:
            print("+", shlex.join(command[2:]), file=sys.stderr)
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        said = [process.communicate()[0] for process in running]
        assert not any(process.returncode for process in running)
        return [json.loads(text) for text in said]

    def pace(self, name: str, change: str) -> float:
        """Images per second."""
        return float(self.answers(self.bench(name, "--only-pace", changes=[change]))[0]["images_per_second"])


def head(title: str, *columns: str) -> Iterator[str]:
    """The heading and the first rows of a table."""
    yield from (f"## {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}")


def beside_loops(machine: Machine) -> Iterator[str]:
    """gan-run beside the loops of plain_infogan.py."""
    yield from head("Beside loops written by hand", "beside", "gan-run, images/s", "it, images/s", "ratio")
    for implementation, what in IMPLEMENTATIONS.items():
        options = ["--only-pace", "--against", implementation, "--rounds", str(machine.rounds)]
        (said,) = machine.answers(machine.bench("infogan-mnist", *options))
        found = said["comparison"]
        ours, theirs = median(found["ours"]), median(found["theirs"])
        yield f"| `{implementation}`: {what} | {ours:.0f} | {theirs:.0f} | **{found['ratio']:.2f}** |"


def ways(machine: Machine) -> Iterator[str]:
    """The pace with each field that may make a step faster."""
    yield from head("What else a step can be", "", "images/s", "ratio")
    paces: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(machine.rounds):
        for way, change in WAYS.items():
            paces[way].append(machine.pace("infogan-mnist", change))
    for way, change in WAYS.items():
        ratio = median(paces[way]) / median(paces["fp32"])
        yield f"| {way} (`{change}`) | {median(paces[way]):.0f} | {ratio:.2f} |"


def use(machine: Machine) -> Iterator[str]:
    """FLOPs, the share of the peak, and where the time of a step goes."""
    reached = ("FLOPs an image", "reached, GFLOP/s", "a matrix product's, GFLOP/s", "share")
    yield from head("What a step takes", "", *reached, "time in", "memory")
    for precision in ("fp32", "bf16"):
        (said,) = machine.answers(machine.bench("infogan-mnist", changes=[WAYS[precision]]))
        parts = ", ".join(f"{name} {share:.1%}" for name, share in said["shares"].items())
        yield (
            f"| {precision} | {said['flops_per_image'] / 1e6:.0f} M | {said['achieved_flops'] / 1e9:.0f} "
            f"| {said['peak_flops'] / 1e9:.0f} | {said['share_of_peak']:.0%} | {parts} "
            f"| {said['peak_memory'] / 2**20:.0f} MiB |"
        )
    script = str(Path(__file__).with_name("products.py"))
    (products,) = machine.answers([sys.executable, script, *machine.recipe("infogan-mnist")])
    yield ""
    share, reached = products["share_of_time"], products["share_of_peak"]
    yield f"Of the time of a step in fp32, {share:.0%} goes to matrix products and convolutions. In them torch's"
    yield f"libraries reach {reached:.0%} of that peak (`benchmarks/products.py`): were all else free, a step would"
    yield "reach as much."


def learning(machine: Machine) -> Iterator[str]:
    """What is learnt in each way of training."""
    yield from head("What is learnt", "", "test digits, %", "mean ± deviation", "nats of all codes", "mean ± deviation")
    for way in LEARNING:
        folder = machine.runs / way.replace(", ", "-")
        trained = [*machine.recipe("infogan-mnist-tuned", WAYS[way], *TUNED), "--seeds", str(SEEDS)]
        subprocess.run([*GAN_RUN, *trained, "--out", str(folder)], check=True, stdout=sys.stderr)
        accuracies, nats = zip(*map(_learnt, sorted(folder.glob("*/evaluation.json"))), strict=True)
        yield f"| {way} | {_cells(accuracies)} | {_cells(nats)} |"
    yield ""
    yield f"{SEEDS} seeds of `infogan-mnist-tuned` in each, with `{'`, `'.join(TUNED)}`."


def _learnt(evaluation: Path) -> tuple[float, float]:
    """Percent of test digits whose category is theirs, and nats that all codes carry."""
    measured = json.loads(evaluation.read_text(encoding="utf-8"))["metrics"]
    (clusters,) = (each["found"] for each in measured if each["metric"].get("score") == "test")
    (codes,) = (each["found"]["codes"] for each in measured if each["metric"]["type"] == "information")
    return 100 * clusters["accuracy"], sum(code["bound"] for code in codes.values())


def _cells(values: Sequence[float]) -> str:
    return f"{', '.join(f'{value:.2f}' for value in values)} | {mean(values):.2f} ± {stdev(values):.2f}"


def seeds(machine: Machine) -> Iterator[str]:
    """One run with all threads beside one run per thread."""
    title = f"Several seeds at a time: {THREADS} runs of a thread each, or one with {THREADS} threads"
    yield from head(title, "spec", "one, steps/s", f"{THREADS}, steps/s of all", "ratio")
    for recipe in SIDE_BY_SIDE:
        alone, together = [], []
        command = machine.bench(recipe, "--only-pace")
        for _ in range(machine.rounds):
            alone.append(machine.answers(command)[0]["steps_per_second"])
            together.append(sum(said["steps_per_second"] for said in machine.answers(*[command] * THREADS, threads=1)))
        ratio = median(together) / median(alone)
        yield f"| `{recipe}` | {median(alone):.1f} | {median(together):.1f} | {ratio:.2f} |"


def streaming(machine: Machine) -> Iterator[str]:
    """The output of streaming.py."""
    command = [sys.executable, str(Path(__file__).with_name("streaming.py")), "--rounds", str(machine.rounds)]
    done = subprocess.run([*command, "--steps", str(machine.steps)], check=True, stdout=subprocess.PIPE, text=True)
    yield "## More images than memory"
    yield ""
    yield from (f"    {line}" for line in done.stdout.splitlines())


def start_up(machine: Machine) -> Iterator[str]:
    """Seconds until the first output of two commands."""
    helping, stepping = [], []
    for _ in range(machine.rounds):
        begin = time.perf_counter()
        subprocess.run([*GAN_RUN, "--help"], check=True, stdout=subprocess.DEVNULL)
        helping.append(time.perf_counter() - begin)
        with TemporaryDirectory() as folder:
            # What is logged first is logged after the first step.
            command = [*GAN_RUN, str(EXAMPLES / "quickstart.json"), "--out", folder, "--set", "train.log_every=1"]
            metrics = Path(folder) / "quickstart" / "metrics.jsonl"
            begin = time.perf_counter()
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                while not metrics.exists() or not metrics.stat().st_size:
                    assert process.poll() is None
                    time.sleep(0.01)
                stepping.append(time.perf_counter() - begin)
                process.kill()
    yield "## Start-up"
    yield ""
    yield f"`gan-run --help` answers in {median(helping):.2f} s; the first step of `quickstart` is done"
    yield f"{median(stepping):.1f} s after the command."


PARTS = (beside_loops, use, ways, learning, seeds, streaming, start_up)


def main() -> None:
    """Measure, and print a page of the manual."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--runs", default="runs/precision", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="of which medians are taken")
    parser.add_argument("--steps", type=int, default=50)
    args = parser.parse_args()
    machine = Machine(str(Path(args.mnist).resolve()), args.runs, args.rounds, args.steps)
    (environment,) = (said["environment"] for said in machine.answers(machine.bench("quickstart", "--only-pace")))
    print("# Benchmarks\n")
    print("    python benchmarks/report.py --mnist ../shared/data/mnist > docs/benchmarks.md\n")
    print(f"wrote this page on {environment['device']}: {environment['processor']}, {THREADS} threads, torch")
    print(f"{environment['torch']}, Python {environment['python']}. Numbers are medians of {args.rounds} runs of")
    print(f"{args.steps} steps that took turns, each in a process of its own. If nothing else is said they are of")
    print("`infogan-mnist`, the paper's networks in batches of 128, in fp32, with log and display.")
    for part in PARTS:
        print(f"\n{chr(10).join(part(machine))}", flush=True)


if __name__ == "__main__":
    main()
