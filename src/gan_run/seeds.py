"""One spec with several seeds: their runs, one after another or in parallel, and a summary of their metrics."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from gan_run.core.base.distributed import current_world
from gan_run.core.base.errors import GanRunError
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.experiment import dump
from gan_run.core.run.metric_summary import MetricSummary, summarize
from gan_run.core.run.options import DEFAULT_OPTIONS, RunOptions
from gan_run.parallel_runs import ParallelRuns
from gan_run.registry.plugins import load_plugins
from gan_run.results.run import Run
from gan_run.runs import SpecLike, read_spec, train


@dataclass(frozen=True)
class TrainedSeeds:
    """Runs of one spec that differ in their seed.

    Attributes:
        runs: The run folders by seed.
        rows: A summary of each headline number of the metrics.
    """

    runs: Mapping[int, Path]
    rows: list[MetricSummary[int]]


def default_jobs(count: int, device: str) -> int:
    """How many of `count` runs to train at the same time: on a CPU one per core, as threads speed small networks up
    little; on a GPU one."""
    on_cpu = device == "cpu" or (device == "auto" and not torch.cuda.is_available())
    return min(count, torch.get_num_threads()) if on_cpu else 1


def train_seeds(
    spec: SpecLike,
    count: int,
    out: Path | str = "runs",
    *,
    jobs: int | None = 1,
    overrides: Collection[str] = (),
    options: RunOptions = DEFAULT_OPTIONS,
) -> TrainedSeeds:
    """Train a spec with its own seed and those after it, each into NAME-seed-SEED.

    Finished runs are not trained again, so that a larger `count` adds to them.

    Args:
        spec: A file, a mapping or a spec, as for `read_spec`.
        count: How many seeds.
        out: The folder that holds run folders.
        jobs: How many runs are trained at the same time; None for one per core on a CPU, else one. With more than one,
            each is trained in a process of its own with its share of the threads, and callbacks receive nothing.
        overrides: Fields to change, written as on the command line.
        options: As for `train`. `components` need `jobs=1`: other processes cannot be given classes.

    Returns:
        The run folders and a summary of their metrics.

    Raises:
        GanRunError: As `train` does; RunError if a process failed.
        Stopped: `options.stop` returned True. The runs that were training have saved a checkpoint; the seeds after them
            are not begun.
    """
    options = replace(options, registry=options.registry or load_plugins())
    read = read_spec(spec, overrides, options.plugins(), components=options.components)
    if jobs is None:
        jobs = 1 if current_world().count > 1 else default_jobs(count, read.train.device)
    if options.components and jobs > 1:
        raise GanRunError("components: other processes cannot be given classes; use jobs=1")
    names = {seed: f"{read.name}-seed-{seed}" for seed in range(read.seed, read.seed + count)}
    changes = {seed: [*overrides, f"seed={seed}", f"name={json.dumps(name)}"] for seed, name in names.items()}
    if jobs == 1:
        runs = {seed: train(spec, out, overrides=own, options=options) for seed, own in changes.items()}
    else:
        with _as_file(spec, read) as file:
            commands = {seed: _command(file, out, own, options) for seed, own in changes.items()}
            runs = ParallelRuns(commands, jobs, options).train()
    found = {seed: Run(path, registry=options.plugins()).results for seed, path in runs.items()}
    return TrainedSeeds(runs, summarize(found))


def _command(file: Path, out: Path | str, overrides: Collection[str], options: RunOptions) -> list[str]:
    """The arguments of `gan-run` that train one seed."""
    flags = {"--fresh": options.fresh, "--any-processes": options.any_processes}
    chosen = [flag for flag, wanted in flags.items() if wanted]
    changes = [f"--set={override}" for override in overrides]
    return ["train", str(file), "--out", str(out), *chosen, *options.plugins().command_line(), *changes]


@contextmanager
def _as_file(spec: SpecLike, read: Spec) -> Iterator[Path]:
    """The file that `spec` is in, or a temporary one."""
    if isinstance(spec, (str, Path)):
        yield Path(spec)
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "spec.json"
        file.write_text(json.dumps(dump(read)), encoding="utf-8")
        yield file
