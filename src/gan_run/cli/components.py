"""`gan-run components`: what a spec can name."""

import inspect
from dataclasses import asdict
from textwrap import fill
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, echo_json, json_option, with_plugins
from gan_run.cli.completion import complete_kind
from gan_run.core.base.errors import NotFoundByName, suggest

if TYPE_CHECKING:
    from gan_run.registry.catalogue import Catalogue, Entry

COLUMNS = 100


@click.command()
@click.argument("kind", required=False, shell_complete=complete_kind)
@click.argument("name", required=False)
@json_option
@with_plugins
def components(plugins: Plugins, kind: str | None, name: str | None, as_json: bool) -> None:
    """List the installed components, of one KIND or of all, one per line; or show the fields of the one called NAME."""
    catalogue = plugins.registry.catalogue
    if kind is not None and kind not in catalogue.kinds():
        raise _no_kind(kind, catalogue)
    if kind is not None and name is not None:
        _show(kind, name, catalogue.entry(kind, name), as_json)
    else:
        _list(catalogue, catalogue.kinds() if kind is None else [kind], as_json)


def _no_kind(kind: str, catalogue: "Catalogue") -> NotFoundByName:
    kinds = catalogue.kinds()
    if having := [each for each in kinds if kind in catalogue.names(each)]:
        commands = " or ".join(f"gan-run components {each} {kind}" for each in having)
        return NotFoundByName(f"{kind!r} is no kind but a component: {commands}")
    return NotFoundByName(f"there is no kind {kind!r}{suggest(kind, kinds)}")


def _list(catalogue: "Catalogue", kinds: list[str], as_json: bool) -> None:
    from gan_run.registry.describe import summary

    rows = [
        {"kind": kind, "type": name, "distribution": entry.distribution, "about": summary(entry.component)}
        for kind in kinds
        for name, entry in sorted(catalogue.named(kind), key=lambda pair: pair[0])
    ]
    if as_json:
        echo_json(rows)
        return
    widths = {column: max(len(row[column]) for row in rows) for column in ("kind", "type")}
    for row in rows:
        click.echo(f"{row['kind']:<{widths['kind']}}  {row['type']:<{widths['type']}}  {row['about']}")


def _show(kind: str, name: str, entry: "Entry", as_json: bool) -> None:
    from gan_run.registry.describe import nested_fields_of

    about = inspect.getdoc(entry.component) or ""
    fields = list(nested_fields_of(entry.component))
    if as_json:
        source = {"plugin": entry.plugin, "distribution": entry.distribution, "version": entry.version}
        rows = [asdict(field) for field in fields]
        echo_json({"kind": kind, "type": name, **source, "about": about, "fields": rows})
        return
    click.echo(f"{kind} {name}, from the plugin {entry.plugin} ({entry.distribution} {entry.version})\n\n{about}\n")
    width = max((len(field.name) for field in fields), default=0)
    for field in fields:
        value = "required" if field.default is None else f"default {field.default}"
        click.echo(f"  {field.name:<{width}}  {field.type}; {value}")
        margin = " " * (width + 4)
        click.echo(fill(field.description, COLUMNS, initial_indent=margin, subsequent_indent=margin))
