"""How runs of several seeds are shown side by side."""

from collections.abc import Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from gan_run.core.run.seed_summary import MetricSummary

WIDEST = 10_000


def show(rows: Sequence[MetricSummary], console: Console) -> None:
    """A line for each number: mean, standard deviation, best, and each seed's own."""
    seeds = list(dict.fromkeys(seed for row in rows for seed in row.values))
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for title in ("mean", "sd", "best", "of seed", *(str(seed) for seed in seeds)):
        table.add_column(title, justify="right")
    for row in rows:
        deviation = "-" if row.deviation is None else f"{row.deviation:.4f}"
        best_seed, best = row.best
        each = [f"{row.values[seed]:.4f}" if seed in row.values else "-" for seed in seeds]
        table.add_row(row.name, f"{row.mean:.4f}", deviation, f"{best:.4f}", str(best_seed), *each)
    # A line that a narrow window breaks can be read, and can be piped: a name cut short cannot.
    width = Measurement.get(console, console.options.update_width(WIDEST), table).maximum
    Console(file=console.file, width=width).print(table)
