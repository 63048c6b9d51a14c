"""The reference: a page for each kind of component, for the spec, the commands, the hooks and the public classes.

The text of every page is taken from docstrings, field descriptions and help texts.
"""

import inspect
import typing
from collections.abc import Iterable, Iterator

import click
from classes import class_pages
from docstrings import to_markdown
from pydantic import BaseModel

from gan_run import Discriminator, Spec, Train
from gan_run.cli import main
from gan_run.core.kinds.component import Component
from gan_run.registry import hookspecs
from gan_run.registry.describe import FieldText, fields_of
from gan_run.registry.plugins import load_plugins

OURS = "gan-run"
"""The distribution whose components are listed."""


def pages() -> dict[str, str]:
    """Every page's text, by file name."""
    kinds = {f"{kind}.md": _kind_page(kind, components) for kind, components in _by_kind().items()}
    others = {"spec.md": _spec_page(), "commands.md": _commands_page(), "hooks.md": _hooks_page()}
    classes = class_pages()
    parts = [("Specs and commands", others), ("Components", kinds), ("Python API", classes)]
    index = "\n\n".join(["# Reference", *(_toc(title, part) for title, part in parts)])
    return {"index.md": f"{index}\n", **others, **kinds, **classes}


def _toc(title: str, pages: Iterable[str]) -> str:
    """A table of contents of pages; each is listed without what is on it."""
    names = "\n".join(name.removesuffix(".md") for name in pages)
    return f"```{{toctree}}\n:caption: {title}\n:maxdepth: 1\n\n{names}\n```"


def _by_kind() -> dict[str, list[type[Component]]]:
    catalogue = load_plugins().catalogue
    found = {
        kind: [entry.component for _, entry in sorted(catalogue.named(kind)) if entry.distribution == OURS]
        for kind in catalogue.kinds()
    }
    return {kind: components for kind, components in found.items() if components}


def _kind_page(kind: str, components: list[type[Component]]) -> str:
    base = next(each for each in components[0].__mro__ if "kind" in vars(each))
    parts = [f"# {kind.capitalize()}", to_markdown(inspect.getdoc(base) or "")]
    for component in components:
        parts += [f"## `{component.name()}`", to_markdown(inspect.getdoc(component) or ""), _fields(component)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _spec_page() -> str:
    parts = ["# The spec"]
    for title, model in (("The whole", Spec), ("`train`", Train), ("`discriminator`", Discriminator)):
        parts += [f"## {title}", to_markdown(inspect.getdoc(model) or ""), _fields(model)]
    return "\n\n".join(parts) + "\n"


def _fields(model: type[BaseModel]) -> str:
    rows = [_row(field) for field in fields_of(model, lambda kind: f"[{kind}]({kind}.md)")]
    return "\n".join(["| field | type | default | |", "| --- | --- | --- | --- |", *rows]) if rows else ""


def _row(field: FieldText) -> str:
    default = "required" if field.default is None else f"`{field.default}`"
    return f"| `{field.name}` | {field.type} | {default} | {field.description} |"


def _commands_page() -> str:
    parts = ["# Commands", "`gan-run SPEC.json` is short for `gan-run train SPEC.json`."]
    for name, command in sorted(main.commands.items()):
        with click.Context(command, info_name=f"gan-run {name}") as context:
            parts += [f"## `{name}`", f"```text\n{command.get_help(context)}\n```"]
    return "\n\n".join(parts) + "\n"


def _hooks_page() -> str:
    parts = ["# Hooks", to_markdown(inspect.getdoc(hookspecs) or "")]
    for name, function in _hooks():
        parts += [f"## `{name}{inspect.signature(function)}`", to_markdown(inspect.getdoc(function) or "")]
    return "\n\n".join(parts) + "\n"


def _hooks() -> Iterator[tuple[str, typing.Callable[..., object]]]:
    yield from ((name, hook) for name, hook in vars(hookspecs).items() if name.startswith("gan_run_"))
