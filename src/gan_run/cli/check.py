"""`gan-run check`: one step of a spec without a run folder."""

import json
from pathlib import Path

import click

from gan_run.cli.common import Plugins, json_option, set_option, with_plugins


@click.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@set_option
@json_option
@with_plugins
def check(plugins: Plugins, spec: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Validate SPEC, build it and take one step without a run folder: shows parameters, codes with H(c), FLOPs."""
    from gan_run.core.run.dry_run import dry_run
    from gan_run.runs import read_spec

    report = dry_run(read_spec(spec, overrides, plugins.registry))
    if as_json:
        click.echo(json.dumps(report._asdict(), indent=2))
        return
    width = max(map(len, (*report.parameters, *report.entropy, "one step"))) + 2
    click.echo(f"{spec}: good")
    click.echo(f"  {'images':<{width}}{report.images}")
    for player, count in report.parameters.items():
        click.echo(f"  {player:<{width}}{count:,} parameters")
    for name, nats in report.entropy.items():
        click.echo(f"  {name:<{width}}H(c) = {nats:.3f} nats{'  (a code)' if name in report.codes else ''}")
    click.echo(f"  {'one step':<{width}}{report.flops / 1e9:.2f} GFLOP")
    for name, value in report.losses.items():
        click.echo(f"  {name} = {value:.4f}")
