"""Commands about specs: init and check."""

import json
from importlib.resources import files
from pathlib import Path

import click

from gan_run.cli.common import Plugins, json_option, set_option, with_plugins


@click.command()
@click.argument("recipe", required=False)
@with_plugins
def init(plugins: Plugins, recipe: str | None) -> None:
    """List the ready-made specs, or print one: gan-run init infogan-mnist > spec.json."""
    found = {item.name.removesuffix(".json"): item for item in files("gan_run.examples").iterdir()}
    recipes = {name: item for name, item in sorted(found.items()) if item.name.endswith(".json")}
    if recipe is None:
        for name, item in recipes.items():
            description = json.loads(item.read_text(encoding="utf-8"))["description"]
            click.echo(f"{name:<18} {description}")
        return
    if recipe not in recipes:
        from gan_run.core.base.errors import NotFoundByName, suggest

        raise NotFoundByName(f"there is no recipe {recipe!r}{suggest(recipe, recipes)}")
    click.echo(recipes[recipe].read_text(encoding="utf-8"), nl=False)


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
