"""Measuring the metrics of a run again, or others."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_run.core.base.errors import GanRunError, SpecError
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.init_from import CheckpointName
from gan_run.core.run.evaluation import measure, with_fields
from gan_run.core.run.metric_summary import Result, summarize
from gan_run.core.run.options import Plugins
from gan_run.loading import Components, load_run, recorded_spec
from gan_run.registry.overrides import place_of
from gan_run.registry.plugins import load_plugins
from gan_run.results.run import HeadlineNumber

USED = ("metrics", "data", "seed")
"""The fields of a spec on which an evaluation depends, beside the weights."""


class Evaluated(NamedTuple):
    """What was measured."""

    step: int
    """Of the checkpoint."""
    results: list[Result]
    """Each metric, with what it found."""
    recorded: list[dict[str, object]]
    """The same in JSON's types, as the file has it."""
    file: Path
    """Where it was saved."""


def evaluate(
    run: Path | str,
    metrics: Sequence[Mapping[str, object]] | None = None,
    *,
    overrides: Collection[str] = (),
    checkpoint: CheckpointName = "last",
    registry: Plugins | None = None,
    components: Components = (),
) -> dict[str, HeadlineNumber]:
    """Measure metrics of a run, as `gan-run evaluate` does. What is found is saved in `evaluations/` of the run.

    Args:
        run: The run folder.
        metrics: Entries of a spec's `metrics`: `[{"type": "information"}]`. None for those of the run's spec.
        overrides: Other fields to change, written as on the command line. Those of `data` and `seed` have an effect.
        checkpoint: "last"; "best" by `train.keep_best`; or the number of steps after which it was saved.
        registry: The installed plugins; None loads all that are installed.
        components: Component classes that no plugin provides.

    Returns:
        The headline numbers, by the metric's name and the number's, as in "cluster-accuracy accuracy".

    Raises:
        RunError: The folder is no run, or has no such checkpoint.
        SpecError: A metric is not installed, has a wrong field or does not fit the data.
        DataError: The data is absent or damaged.
        GanRunError: An override would change another field.
    """
    plugins = registry or load_plugins()
    plugins = plugins.with_components(components) if components else plugins
    chosen = () if metrics is None else (f"metrics={json.dumps([dict(metric) for metric in metrics])}",)
    found = evaluate_run(Path(run), plugins, (*overrides, *chosen), checkpoint)
    rows = summarize({0: found.results})
    return {row.title: HeadlineNumber(row.mean, row.headline, row.fingerprint) for row in rows}


def evaluate_run(run: Path, plugins: Plugins, overrides: Collection[str], checkpoint: CheckpointName) -> Evaluated:
    """The same with all that is found. Raises as `evaluate` does."""
    loaded = load_run(run, plugins, checkpoint, uses_names=False)
    spec = recorded_spec(loaded.folder, plugins, overrides)
    _refuse_unused(overrides, run)
    if not spec.metrics:
        remedy = """--set 'metrics=[{"type": "NAME"}]' measures one; `gan-run components metric` lists them"""
        raise GanRunError(f"{run} has no metrics: {remedy}")
    info = loaded.folder.data_info() if spec.data == loaded.spec.data else spec.data.describe()
    if problems := spec.data_problems(info):
        raise SpecError(problems, str(run))
    data, results, failures = Splits(spec.data), list[Result](), list[Exception]()
    for metric in spec.metrics:
        try:
            results.append(Result(metric, measure(lambda: loaded.model, data, metric, spec.seed)))
        except Exception as error:  # what the others find is not lost
            failures.append(error)
    recorded = [with_fields(metric, found) for metric, found in results]
    if results or not failures:
        file = loaded.folder.add_evaluation(loaded.step, recorded)
    if failures:
        raise failures[0]
    return Evaluated(loaded.step, results, recorded, file)


def _refuse_unused(overrides: Collection[str], run: Path) -> None:
    fields = dict.fromkeys(str(place_of(override)[0]) for override in overrides)
    if unused := [field for field in fields if field not in USED]:
        raise GanRunError(
            f"--set {', '.join(unused)}: evaluate uses {', '.join(USED)} alone; for artifacts and more training: "
            f"gan-run train --resume {run} --set …"
        )
