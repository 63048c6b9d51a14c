"""`gan-run plugins`: where components and hooks come from."""

import click

from gan_run.cli.common import Plugins, echo_json, json_option, with_plugins
from gan_run.cli.plugin_commands import plugin_commands

SLOW = 1.0
"""Seconds that the import of a plugin may take before it is warned of."""
ADVICE = "every command waits for it; a plugin should import what is slow where it is used"


@click.command()
@json_option
@with_plugins
def plugins(plugins: Plugins, as_json: bool) -> None:
    """List every plugin with its distribution, version, import time, and its components and hooks or its error.

    The commands that plugins add come after them.
    """
    from dataclasses import asdict

    import gan_run.api  # noqa: F401  # what every plugin imports is not in the time of the first one

    found = plugins.registry.plugins
    if as_json:
        echo_json([asdict(plugin) for plugin in found])
        return
    for plugin in found:
        what = f"ERROR {plugin.error}" if plugin.error else ", ".join((*plugin.components, *plugin.hooks))
        click.echo(f"{plugin.name}  {plugin.distribution} {plugin.version}  {plugin.seconds * 1000:.0f} ms  {what}")
    group = click.get_current_context().find_root().command
    for added in plugin_commands(getattr(group, "commands", {}), plugins.blocked):
        click.echo(f"{added.origin.name}  {added.origin.distribution} {added.origin.version}  {added.status}")
    for plugin in found:
        if plugin.seconds > SLOW:
            click.echo(f"warning: {plugin} takes {plugin.seconds:.1f} s to import: {ADVICE}", err=True)
