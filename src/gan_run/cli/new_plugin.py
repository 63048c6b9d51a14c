"""`gan-run new-plugin`: a project to start from."""

from pathlib import Path

import click

from gan_run.cli.common import Plugins, with_plugins
from gan_run.scaffold.project import KINDS, file_of, write_project


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(sorted(KINDS)), default="loss", show_default=True, help="The kind of its component."
)
@with_plugins
def new_plugin(plugins: Plugins, name: str, kind: str) -> None:
    """Write the project of a plugin to ./NAME: one working component, its tests, and how to install it."""
    project = write_project(name, kind, Path())
    click.echo(f"{project}: a {kind} that works; go on in src/{name.replace('-', '_')}/{file_of(kind)}.py")
    click.echo(f"  pip install -e '{project}[test]' && pytest {project}")
    click.echo("  gan-run plugins")
