"""`gan-run schema`: the JSON Schema of a spec."""

import json

import click

from gan_run.cli.common import Plugins, with_plugins


@click.command()
@with_plugins
def schema(plugins: Plugins) -> None:
    """Print the JSON Schema of a spec, for completion and checks in an editor."""
    from gan_run.registry.schema import json_schema

    click.echo(json.dumps(json_schema(plugins.registry.catalogue), indent=2))
