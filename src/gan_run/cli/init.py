"""`gan-run init`: the ready-made specs."""

import json

import click

from gan_run.cli.common import Plugins, with_plugins
from gan_run.cli.completion import complete_recipe


@click.command()
@click.argument("recipe", required=False, shell_complete=complete_recipe)
@with_plugins
def init(plugins: Plugins, recipe: str | None) -> None:
    """List the ready-made specs, or print one: gan-run init infogan-mnist > spec.json."""
    from gan_run.registry.recipes import recipe_content, recipes

    if recipe is not None:
        click.echo(recipe_content(recipe), nl=False)
        return
    for name, item in recipes().items():
        description = json.loads(item.read_text(encoding="utf-8"))["description"]
        click.echo(f"{name:<18} {description}")
