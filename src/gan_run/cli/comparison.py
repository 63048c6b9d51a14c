"""How runs of several seeds are shown side by side."""

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table

from gan_run.core.kinds.metric import Headline
from gan_run.core.run.seed_summary import MetricSummary

WIDEST = 10_000


def show(rows: Sequence[MetricSummary], console: Console) -> None:
    """A line for each number: mean, standard deviation, best, and each seed's own."""
    seeds = list(dict.fromkeys(seed for row in rows for seed in row.values))
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for heading in ("mean", "sd", "best", "of seed", *(str(seed) for seed in seeds)):
        table.add_column(heading, justify="right")
    for row in rows:
        show = row.headline.show
        deviation = "-" if row.deviation is None else show(row.deviation)
        best_seed, best = row.best
        each = [show(row.values[seed]) if seed in row.values else "-" for seed in seeds]
        name = title(row.name, row.headline, row.fingerprint)
        table.add_row(name, show(row.mean), deviation, show(best), str(best_seed), *each)
    print_whole(table, console)


def title(name: str, headline: Headline, fingerprint: str) -> str:
    """The name of a number, with its unit and the fingerprint of what it was measured with, where there is one."""
    return name + (f" ({headline.unit})" if headline.unit else "") + (f" #{fingerprint}" if fingerprint else "")


def print_whole(table: Table, console: Console) -> None:
    """Print a table at its full width: a line that a narrow window breaks can be read and piped, unlike one cut off."""
    lines = Console(file=StringIO(), width=WIDEST)
    with lines.capture() as whole:
        lines.print(table)
    console.print(whole.get(), end="", soft_wrap=True, markup=False, highlight=False)
