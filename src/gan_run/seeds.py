"""One spec with several seeds: their runs, one after another or in parallel, and a summary of their metrics."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gan_run.core.kinds.run_names import name_with_seed
from gan_run.core.run.metric_summary import MetricSummary, summarize
from gan_run.core.run.options import DEFAULT_OPTIONS, RunOptions
from gan_run.many_runs import ManyRuns, default_jobs, failure
from gan_run.registry.plugins import load_plugins
from gan_run.results.run import Run
from gan_run.runs import SpecLike, read_spec


@dataclass(frozen=True)
class TrainedSeeds:
    """Runs of one spec that differ in their seed.

    Attributes:
        runs: The run folders by seed.
        rows: A summary of each headline number of the metrics.
    """

    runs: Mapping[int, Path]
    rows: list[MetricSummary[int]]


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
        GanRunError: As `train` does, after the other seeds were trained; RunError if several failed, or a process.
        Stopped: `options.stop` returned True. The runs that were training have saved a checkpoint; the seeds after them
            are not begun.
        KeyboardInterrupt: The same on Ctrl-C, or by the stop button of a notebook.
    """
    options = replace(options, registry=options.registry or load_plugins())
    read = read_spec(spec, overrides, options.plugins(), components=options.components)
    jobs = min(count, jobs or default_jobs(read.train.device))
    seeds = {f"seed {seed}": seed for seed in range(read.seed, read.seed + count)}
    changes = {
        key: [*overrides, f"seed={seed}", f"name={json.dumps(name_with_seed(read.name, seed))}"]
        for key, seed in seeds.items()
    }
    many = ManyRuns(spec, Path(out), jobs, options)
    outcome = many.train(changes)
    if outcome.failures:
        raise failure(outcome.failures)
    runs = {seeds[key]: path for key, path in outcome.runs.items()}
    found = {seed: Run(path, registry=many.plugins).results for seed, path in runs.items()}
    return TrainedSeeds(runs, summarize(found))
