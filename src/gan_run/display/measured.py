"""How the numbers that a run's metrics found are shown."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from gan_run.core.run.metric_summary import Result, summarize
from gan_run.display.tables import print_whole, title


def show(step: int, results: Sequence[Result], console: Console) -> None:
    """A line for each headline number, under the step at which it was measured.

    Args:
        step: The number of steps.
        results: Each metric and what it found.
        console: Where it is printed.
    """
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(f"after {step} steps")
    table.add_column("", justify="right")
    table.add_column("")
    for row in summarize({step: results}):
        table.add_row(title(row), row.headline.show(row.values[step]), f"{row.headline.better} is better")
    if table.row_count:
        print_whole(table, console)
