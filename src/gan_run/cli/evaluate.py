"""`gan-run evaluate`: the metrics of a run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, json_option, run_argument, set_option, with_plugins
from gan_run.cli.options import checkpoint_option

if TYPE_CHECKING:
    from gan_run.runs import CheckpointName


USED = ("metrics", "data", "seed")
"""The fields of a spec on which an evaluation depends, beside the weights."""


@click.command()
@run_argument
@set_option
@checkpoint_option
@json_option
@with_plugins
def evaluate(
    plugins: Plugins, run: Path, overrides: tuple[str, ...], checkpoint: "CheckpointName", as_json: bool
) -> None:
    """Measure the metrics of RUN again, or others: --set 'metrics=[{"type": "information"}]'.

    What they find is saved in evaluations/step-STEP.json of the run, beside what was found there before. --set changes
    metrics, data and seed. Other artifacts of a finished run are drawn by `gan-run train --resume RUN --set
    'artifacts=[…]'`.
    """
    from rich.console import Console

    from gan_run.core.base.errors import SpecError
    from gan_run.core.kinds.data_source import Splits
    from gan_run.core.run.evaluation import measure, with_fields
    from gan_run.core.run.metric_summary import Result
    from gan_run.display.measured import show
    from gan_run.runs import load_run, recorded_spec

    loaded = load_run(run, plugins.registry, checkpoint)
    spec = recorded_spec(loaded.folder, plugins.registry, overrides)
    _refuse_unused(overrides, run)
    info = loaded.folder.data_info() if spec.data == loaded.spec.data else spec.data.describe()
    if problems := spec.data_problems(info):
        raise SpecError(problems, str(run))
    measured = list(measure(loaded.model, Splits(spec.data), spec.metrics, spec.seed))
    found = [with_fields(metric, each) for metric, each in zip(spec.metrics, measured, strict=True)]
    file = loaded.folder.add_evaluation(loaded.step, found)
    if as_json:
        click.echo(json.dumps({"step": loaded.step, "metrics": found}, indent=2))
        return
    show(loaded.step, list(map(Result, spec.metrics, measured)), Console())
    click.echo(f"in full: {file}")


def _refuse_unused(overrides: tuple[str, ...], run: Path) -> None:
    from gan_run.core.base.errors import GanRunError
    from gan_run.registry.overrides import place_of

    fields = dict.fromkeys(str(place_of(override)[0]) for override in overrides)
    if unused := [field for field in fields if field not in USED]:
        raise GanRunError(
            f"--set {', '.join(unused)}: evaluate uses {', '.join(USED)} alone; for artifacts and more training: "
            f"gan-run train --resume {run} --set …"
        )
