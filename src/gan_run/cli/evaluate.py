"""`gan-run evaluate`: the metrics of a run."""

import json
from pathlib import Path

import click

from gan_run.cli.common import Plugins, json_option, run_argument, set_option, with_plugins


@click.command()
@run_argument
@set_option
@click.option("--step", type=int, help="The step of the checkpoint; default: the last.")
@json_option
@with_plugins
def evaluate(plugins: Plugins, run: Path, overrides: tuple[str, ...], step: int | None, as_json: bool) -> None:
    """Measure the metrics of RUN again, or others: --set 'metrics=[{"type": "information"}]'."""
    from gan_run.core.base.errors import SpecError
    from gan_run.core.kinds.data_source import Splits
    from gan_run.core.run.evaluation import measure, with_fields
    from gan_run.runs import load_run, recorded_spec

    loaded = load_run(run, plugins.registry, step)
    spec = recorded_spec(loaded.folder, plugins.registry, overrides)
    info = loaded.folder.data_info() if spec.data == loaded.spec.data else spec.data.describe()
    if problems := spec.data_problems(info):
        raise SpecError(problems, str(run))
    measured = measure(loaded.model, Splits(spec.data), spec.metrics, spec.seed)
    found = [with_fields(metric, each) for metric, each in zip(spec.metrics, measured, strict=True)]
    if as_json:
        click.echo(json.dumps({"step": loaded.step, "metrics": found}, indent=2))
        return
    for each in found:
        settings = each["metric"]
        assert isinstance(settings, dict)
        click.echo(f"{settings['type']} after {loaded.step} steps")
        click.echo(json.dumps(each["found"], indent=2))
