"""Tables and lines that a narrow window breaks and does not cut off."""

from io import StringIO

from rich.console import Console
from rich.table import Table

from gan_run.core.run.metric_summary import K, MetricSummary

WIDEST = 10_000


def title(row: MetricSummary[K]) -> str:
    """The name of a number, with its unit and the fingerprint of what it was measured with, where there is one."""
    unit = f" ({row.headline.unit})" if row.headline.unit else ""
    return row.name + unit + (f" #{row.fingerprint}" if row.fingerprint else "")


def print_whole(table: Table, console: Console) -> None:
    """Print a table at its full width: a line that a narrow window breaks can be read and piped, unlike one cut off."""
    lines = Console(file=StringIO(), width=WIDEST)
    with lines.capture() as whole:
        lines.print(table)
    console.print(whole.get(), end="", soft_wrap=True, markup=False, highlight=False)


def say(text: str, console: Console) -> None:
    """Print a line as it is, however long."""
    console.print(text, soft_wrap=True, markup=False, highlight=False)
