"""`gan-run check`: one step of a spec without a run folder."""

from pathlib import Path

import click

from gan_run.cli.common import Plugins, echo_json, json_option, set_option, with_plugins
from gan_run.cli.spec_argument import given_spec, spec_argument


@click.command()
@spec_argument()
@set_option
@click.option("--resolved", is_flag=True, help="Print the spec with what it extends and every default, and stop.")
@click.option("--data", "load", is_flag=True, help="Load the data too, as training does: download, decode, cache it.")
@json_option
@with_plugins
def check(plugins: Plugins, spec: Path, overrides: tuple[str, ...], resolved: bool, load: bool, as_json: bool) -> None:
    """Validate SPEC, build it and take one step without a run folder: shows parameters, codes with H(c), FLOPs.

    The step is on random images of the data's shape: of the data no more than headers and names are read.
    SPEC may be - for standard input: JSON, YAML or TOML, as its text shows.
    """
    from gan_run.core.base.files import to_json
    from gan_run.core.kinds.data_source import Splits
    from gan_run.core.kinds.spec import dump
    from gan_run.core.run.dry_run import dry_run
    from gan_run.runs import read_spec

    read = read_spec(given_spec(spec), overrides, plugins.registry)
    if resolved:
        click.echo(to_json(dump(read)), nl=False)
        return
    report = dry_run(read, Splits(read.data) if load else None)
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        echo_json(report._asdict())
        return
    width = max(map(len, (*report.parameters, *report.entropy, "one step"))) + 2
    click.echo(f"{spec}: good")
    unread = "" if load else ", not read: --data reads them"
    click.echo(f"  {'images':<{width}}{report.images}{unread}")
    for player, count in report.parameters.items():
        click.echo(f"  {player:<{width}}{count:,} parameters")
    for name, nats in report.entropy.items():
        click.echo(f"  {name:<{width}}H(c) = {nats:.3f} nats{'  (a code)' if name in report.codes else ''}")
    click.echo(f"  {'one step':<{width}}{report.flops / 1e9:.2f} GFLOP")
    for name, value in report.losses.items():
        click.echo(f"  {name} = {value:.4f}")
