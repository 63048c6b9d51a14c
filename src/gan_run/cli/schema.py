"""`gan-run schema`: the JSON Schema of a spec."""

import click

from gan_run.cli.common import Plugins, echo_json, with_plugins


@click.command()
@with_plugins
def schema(plugins: Plugins) -> None:
    """Print the JSON Schema of a spec, for completion and checks in an editor."""
    from gan_run.registry.schema import json_schema

    echo_json(json_schema(plugins.registry.catalogue))
