"""Nothing that a user can write is without a word about it in the reference."""

import importlib.util
import inspect
from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from gan_run import Discriminator, Spec, Train
from gan_run.cli import main
from gan_run.registry import hookspecs
from gan_run.registry.plugins import load_plugins

DOCS = Path(__file__).parent.parent / "docs"
COMPONENTS = [
    (kind, entry.component)
    for kind in load_plugins().catalogue.kinds()
    for _, entry in load_plugins().catalogue.named(kind)
    if entry.distribution == "gan-run"
]
HOOKS = [name for name in dir(hookspecs) if name.startswith("gan_run_")]


@pytest.fixture(scope="module")
def pages() -> Mapping[str, str]:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Mapping[str, str] = module.pages()
    return made


def section(page: str, heading: str) -> str:
    """What stands under a heading."""
    _, found, rest = page.partition(f"\n## {heading}\n")
    assert found, f"{heading} has no section"
    return rest.partition("\n## ")[0]


def assert_fields_are_described(model: type[BaseModel], text: str) -> None:
    for name, field in model.model_fields.items():
        if name != "type":
            assert field.description, f"{model.__name__}.{name} has no description"
            (row,) = [line for line in text.splitlines() if line.startswith(f"| `{field.alias or name}` |")]
            assert row.endswith(f"| {field.description} |")


@pytest.mark.parametrize(("kind", "component"), COMPONENTS, ids=lambda value: getattr(value, "__name__", value))
def test_every_component_and_every_field_is_described(
    kind: str, component: type[BaseModel], pages: Mapping[str, str]
) -> None:
    text = section(pages[f"{kind}.md"], f"`{component.model_fields['type'].default}`")
    documentation = inspect.getdoc(component)
    assert documentation
    assert documentation in text
    assert_fields_are_described(component, text)


@pytest.mark.parametrize(
    ("model", "heading"), [(Spec, "The whole"), (Train, "`train`"), (Discriminator, "`discriminator`")]
)
def test_every_field_of_a_spec_is_described(model: type[BaseModel], heading: str, pages: Mapping[str, str]) -> None:
    assert_fields_are_described(model, section(pages["spec.md"], heading))


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_described_with_its_signature(hook: str, pages: Mapping[str, str]) -> None:
    function = getattr(hookspecs, hook)
    assert inspect.getdoc(function) in section(pages["hooks.md"], f"`{hook}{inspect.signature(function)}`")
    assert f"`{hook}(" in (DOCS / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", sorted(main.commands))
def test_every_verb_and_every_option_is_described(verb: str, pages: Mapping[str, str]) -> None:
    command = main.commands[verb]
    assert command.help
    text = section(pages["verbs.md"], f"`{verb}`")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{verb} {parameter.opts[0]} has no help"
            assert parameter.hidden or parameter.opts[0] in text
        else:
            assert (parameter.metavar or (parameter.name or "").upper()) in text


def test_every_page_is_in_the_table_of_contents(pages: Mapping[str, str]) -> None:
    for name in pages:
        assert name == "index.md" or f"\n{name.removesuffix('.md')}\n" in pages["index.md"]
