"""Every component, field, command, hook and public class has an entry in the reference."""

import inspect
import re
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

import gan_run.api
import gan_run.testing
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
def pages() -> Iterator[Mapping[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        made: Mapping[str, str] = runpy.run_path(str(DOCS / "reference.py"))["pages"]()
        yield made


def section(page: str, heading: str) -> str:
    """The text under a heading."""
    _, found, rest = page.partition(f"\n## {heading}\n")
    assert found, f"{heading} has no section"
    return rest.partition("\n## ")[0]


def first_line(documented: object) -> str:
    text = inspect.getdoc(documented)
    assert text, f"{documented} has no docstring"
    return text.partition("\n")[0]


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
    assert first_line(component) in text
    assert_fields_are_described(component, text)


@pytest.mark.parametrize(
    ("model", "heading"), [(Spec, "The whole"), (Train, "`train`"), (Discriminator, "`discriminator`")]
)
def test_every_field_of_a_spec_is_described(model: type[BaseModel], heading: str, pages: Mapping[str, str]) -> None:
    assert_fields_are_described(model, section(pages["spec.md"], heading))


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_described_with_its_signature(hook: str, pages: Mapping[str, str]) -> None:
    function = getattr(hookspecs, hook)
    assert first_line(function) in section(pages["hooks.md"], f"`{hook}{inspect.signature(function)}`")
    assert f"`{hook}(" in (DOCS / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_and_every_option_is_described(name: str, pages: Mapping[str, str]) -> None:
    command = main.commands[name]
    assert command.help
    text = section(pages["commands.md"], f"`{name}`")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]} has no help"
            assert parameter.hidden or parameter.opts[0] in text
        else:
            assert (parameter.metavar or (parameter.name or "").upper()) in text


def test_every_page_is_in_the_table_of_contents(pages: Mapping[str, str]) -> None:
    for name in pages:
        assert name == "index.md" or f"\n{name.removesuffix('.md')}\n" in pages["index.md"]


@pytest.mark.parametrize("name", gan_run.api.__all__)
def test_every_public_name_has_an_entry(name: str, pages: Mapping[str, str]) -> None:
    (page,) = [text for page, text in pages.items() if page.startswith("api-") and f"\n## `{name}`\n" in text]
    text = section(page, f"`{name}`")
    value = getattr(gan_run, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert first_line(value) in text
    if inspect.isclass(value):
        for method, member in vars(value).items():
            if not method.startswith("_") and inspect.isfunction(member) and member.__module__ == value.__module__:
                assert method in dataclass_fields(value) or f"\n### `{name}.{method}`\n" in text


@pytest.mark.parametrize("name", gan_run.testing.__all__)
def test_every_suite_has_an_entry_with_its_tests(name: str, pages: Mapping[str, str]) -> None:
    value = getattr(gan_run.testing, name)
    text = section(pages["api-testing.md"], f"`{name}`")
    assert first_line(value) in text
    for method in vars(value) if inspect.isclass(value) else ():
        assert not method.startswith("test_") or f"- `{method}`" in text


def dataclass_fields(value: type) -> set[str]:
    """A dataclass keeps the default of a field as a class attribute, which may be a function."""
    return set(getattr(value, "__dataclass_fields__", {}))


@pytest.fixture(scope="module")
def rendered() -> Mapping[str, str]:
    """The sections of a docstring in Google's style, as Markdown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        text: str = runpy.run_path(str(DOCS / "docstrings.py"))["to_markdown"](GOOGLE)
    sections = [part.partition("\n\n") for part in re.split(r"\n\n(?=\*\*)", text)]
    return {title.strip("*"): body for title, _, body in sections}


GOOGLE = """A line.

    Args:
        first: Images (N, C, H, W) in
            [-1, 1].
        second: A number.

    Returns:
        What it is: a tensor.

    Raises:
        ValueError: It is not.

    Example:
        for x in y:
            print(x)
    """


def test_the_sections_of_a_docstring_are_lists_text_and_code(rendered: Mapping[str, str]) -> None:
    assert rendered == {
        "A line.": "",
        "Arguments": "- `first`: Images (N, C, H, W) in [-1, 1].\n- `second`: A number.",
        "Returns": "What it is: a tensor.",
        "Raises": "- `ValueError`: It is not.",
        "Example": "```python\nfor x in y:\n    print(x)\n```",
    }
