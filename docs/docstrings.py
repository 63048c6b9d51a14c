"""Docstrings in Google's style, as Markdown."""

import inspect
import re
import textwrap
from collections.abc import Iterator

LISTS = {"Args": "Arguments", "Attributes": "Attributes", "Raises": "Raises"}
"""Sections of items, `NAME: TEXT`, each with its title."""
TEXTS = ("Returns", "Yields", "Note", "Shapes")
CODE = ("Example", "Examples")
HEADER = re.compile(rf"^({'|'.join([*LISTS, *TEXTS, *CODE])}):$")
ITEM = re.compile(r"^(?P<name>[\w.\[\], ]+): (?P<text>.*)$", re.DOTALL)


def to_markdown(docstring: str) -> str:
    """A docstring with its sections as lists, paragraphs and code blocks."""
    parts = [_section(title, body) for title, body in _sections(inspect.cleandoc(docstring))]
    return "\n\n".join(part for part in parts if part)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """(title, body) in order; the title of plain text is empty."""
    title, lines = "", list[str]()
    for line in text.splitlines():
        header = HEADER.match(line)
        # A section lasts while its lines are indented.
        if header or (title and line and not line.startswith(" ")):
            yield title, textwrap.dedent("\n".join(lines)).strip("\n")
            title, lines = (header[1], []) if header else ("", [line])
        else:
            lines.append(line)
    yield title, textwrap.dedent("\n".join(lines)).strip("\n")


def _section(title: str, body: str) -> str:
    if not title or not body:
        return body
    if title in CODE:
        return f"**Example**\n\n```python\n{body}\n```"
    if title in LISTS:
        return f"**{LISTS[title]}**\n\n" + "\n".join(f"- {_item(item)}" for item in _items(body))
    return f"**{title}**\n\n{body}"


def _items(body: str) -> list[str]:
    """The items of a list; a line that is indented continues the one before."""
    items: list[str] = []
    for line in body.splitlines():
        if line.startswith(" ") and items:
            items[-1] += f" {line.strip()}"
        elif line:
            items.append(line)
    return items


def _item(text: str) -> str:
    found = ITEM.match(text)
    return f"`{found['name']}`: {found['text']}" if found else text
