"""Progress bars."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def track_progress(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Iterate over `items` and show the progress on standard error.

    Args:
        items: what to iterate over; without a length, and without `total`, the bar shows no share.
        description: shown beside the bar; printed as a single line where standard error is not a terminal.
        total: the number of items, where they have no length.

    Returns:
        An iterator over `items`.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, description, total, console=console)
        return
    console.print(description, highlight=False)
    yield from items
