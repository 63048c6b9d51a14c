"""How far a long job is."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def track_progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """`items`, on a terminal under a bar; elsewhere after a line that says what is done. Both on standard error."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, what, console=console)
        return
    console.print(what, highlight=False)
    yield from items
