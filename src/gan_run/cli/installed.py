"""Commands about what is installed: plugins, components, schema."""

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


@click.command()
@click.argument("kind", required=False)
@json_option
@with_plugins
def components(plugins: Plugins, kind: str | None, as_json: bool) -> None:
    """List the installed components, of one KIND or of all, one per line."""
    from gan_run.core.base.errors import NotFoundByName, suggest

    catalogue = plugins.registry.catalogue
    kinds = catalogue.kinds()
    if kind is not None and kind not in kinds:
        raise NotFoundByName(f"there is no kind {kind!r}{suggest(kind, kinds)}")
    rows = [
        {"kind": each, "type": name, "distribution": entry.distribution, "about": _first_line(entry.component)}
        for each in kinds
        if kind in (None, each)
        for name, entry in sorted(catalogue.named(each), key=lambda pair: pair[0])
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['kind']:<10} {row['type']:<20} {row['about']}")


@click.command()
@with_plugins
def schema(plugins: Plugins) -> None:
    """Print the JSON Schema of a spec, for completion and checks in an editor."""
    from gan_run.registry.schema import json_schema

    click.echo(json.dumps(json_schema(plugins.registry.catalogue), indent=2))


def _first_line(component: type) -> str:
    return (component.__doc__ or "").strip().splitlines()[0]
