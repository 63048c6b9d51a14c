"""How far a long job is."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def follow(items: Sequence[Item], what: str) -> Iterator[Item]:
    """`items` under a bar on a terminal; elsewhere after a line that says what is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(what, highlight=False)
    yield from track(items, what, console=console, disable=not console.is_terminal)
