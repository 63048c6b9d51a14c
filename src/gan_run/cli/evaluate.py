"""`gan-run evaluate`: the metrics of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, echo_json, json_option, run_argument, set_option, with_plugins
from gan_run.cli.options import checkpoint_option

if TYPE_CHECKING:
    from gan_run.core.kinds.init_from import CheckpointName


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

    from gan_run.display.measured import show
    from gan_run.results.evaluation import evaluate_run

    found = evaluate_run(run, plugins.registry, overrides, checkpoint)
    if as_json:
        echo_json({"step": found.step, "metrics": found.recorded})
        return
    show(found.step, found.results, Console())
    click.echo(f"in full: {found.file}")
