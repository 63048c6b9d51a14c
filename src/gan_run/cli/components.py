"""`gan-run components`: what a spec can name."""

import json

import click

from gan_run.cli.common import Plugins, json_option, with_plugins


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


def _first_line(component: type) -> str:
    return (component.__doc__ or "").strip().splitlines()[0]
