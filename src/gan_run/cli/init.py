"""`gan-run init`: the ready-made specs."""

import json
from importlib.resources import files

import click

from gan_run.cli.common import Plugins, with_plugins


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
