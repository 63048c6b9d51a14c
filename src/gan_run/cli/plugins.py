"""`gan-run plugins`: where components and hooks come from."""

import json

import click

from gan_run.cli.common import Plugins, json_option, with_plugins


@click.command()
@json_option
@with_plugins
def plugins(plugins: Plugins, as_json: bool) -> None:
    """List every plugin with its distribution, version, import time, and its components and hooks or its error."""
    from dataclasses import asdict

    found = plugins.registry.plugins
    if as_json:
        click.echo(json.dumps([asdict(plugin) for plugin in found], indent=2))
        return
    for plugin in found:
        what = f"ERROR {plugin.error}" if plugin.error else ", ".join((*plugin.components, *plugin.hooks))
        click.echo(f"{plugin.name}  {plugin.distribution} {plugin.version}  {plugin.seconds * 1000:.0f} ms  {what}")
