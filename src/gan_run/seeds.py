"""One spec, several seeds: their runs, one after the other or several at a time, and their numbers side by side."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from gan_run.core.base.distributed import current_world
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.experiment import dump
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.seed_summary import MetricSummary, summarize_seeds
from gan_run.parallel_runs import ParallelRuns
from gan_run.registry.plugins import Registry, load_plugins
from gan_run.runs import UNWATCHED, Components, Watched, read_spec, train


@dataclass(frozen=True)
class TrainedSeeds:
    """Runs of one spec that differ in their seed."""

    runs: Mapping[int, Path]
    """Their folders, by seed."""
    rows: list[MetricSummary]
    """Their metrics' headline numbers, compared."""


def default_jobs(count: int, device: str) -> int:
    """How many of `count` runs to train at a time: on a CPU one per core, as threads share small work badly; on an
    accelerator one, which has it to itself."""
    on_cpu = device == "cpu" or (device == "auto" and not torch.accelerator.is_available())
    return min(count, torch.get_num_threads()) if on_cpu else 1


def train_seeds(
    spec: Spec | Mapping[str, object] | Path | str,
    count: int,
    out: Path | str = "runs",
    *,
    jobs: int | None = 1,
    overrides: Collection[str] = (),
    fresh: bool = False,
    any_processes: bool = False,
    watched: Watched = UNWATCHED,
    registry: Registry | None = None,
    components: Components = (),
    options: Sequence[str] = (),
) -> TrainedSeeds:
    """Train `count` runs, of the spec's seed and those after it, each into NAME-seed-SEED; raises as `train` does.

    Runs that are finished are not trained again, so that a larger `count` later adds to them. With more than one
    `jobs` (None: as many as pay) each is trained by a process of its own, which gets its part of the threads; such
    a process finds what is installed and what `options` of the command line name, but no `components`.
    """
    registry = registry or load_plugins()
    read = read_spec(spec, overrides, registry, components=components)
    if jobs is None:
        jobs = 1 if current_world().count > 1 else default_jobs(count, read.train.device)
    if components and jobs > 1:
        raise ValueError("components: classes cannot be handed to other processes; train one at a time")
    names = {seed: f"{read.name}-seed-{seed}" for seed in range(read.seed, read.seed + count)}
    changes = {seed: [*overrides, f"seed={seed}", f"name={json.dumps(name)}"] for seed, name in names.items()}
    if jobs == 1:
        how = {"fresh": fresh, "any_processes": any_processes}
        runs = {
            seed: train(spec, out, overrides=own, **how, watched=watched, registry=registry, components=components)
            for seed, own in changes.items()
        }
    else:
        flags = [flag for flag, wanted in (("--fresh", fresh), ("--any-processes", any_processes)) if wanted]
        with _as_file(spec, read) as file:
            commands = {
                seed: ["train", str(file), "--out", str(out), *flags, *options, *(f"--set={change}" for change in own)]
                for seed, own in changes.items()
            }
            runs = ParallelRuns(commands, jobs, watched).train()
    return TrainedSeeds(runs, summarize_seeds({seed: RunFolder(path) for seed, path in runs.items()}, read.metrics))


@contextmanager
def _as_file(spec: Spec | Mapping[str, object] | Path | str, read: Spec) -> Iterator[Path]:
    """The file that `spec` is in, or one made for the while."""
    if isinstance(spec, (str, Path)):
        yield Path(spec)
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "spec.json"
        file.write_text(json.dumps(dump(read)), encoding="utf-8")
        yield file
