"""How the numbers that a run's metrics found are shown."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from gan_run.cli.comparison import print_whole, title
from gan_run.core.kinds.metric import Measurement, Metric


def show(step: int, measured: Mapping[str, tuple[Metric, Measurement]], console: Console) -> None:
    """A line for each headline number, under the step at which it was measured.

    Args:
        step: The number of steps.
        measured: Each metric and what it found, by key.
        console: Where it is printed.
    """
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(f"after {step} steps")
    table.add_column("", justify="right")
    for key, (metric, found) in measured.items():
        for path, value in metric.headline(found).items():
            headline = metric.headline_of(path)
            name = title(f"{key} {path}", headline, metric.fingerprint(found))
            table.add_row(name, headline.show(value))
    if table.row_count:
        print_whole(table, console)
