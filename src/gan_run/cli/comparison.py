"""How runs are shown side by side."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from gan_run.core.run.metric_summary import K, MetricSummary
from gan_run.display.tables import print_whole, say, title
from gan_run.results.comparison import Comparison
from gan_run.results.tables import short_text

LONGEST = 32
"""Characters of a field's value that are shown; `--json` has all."""
NONE = "-"

Cells = Mapping[str, Mapping[str, str]]
"""Texts by row, by column."""


def show_comparison(found: Comparison, console: Console) -> None:
    """What differs in the specs, each number over the seeds of each group, and what the reader should know.

    Of a single group, each run has a column.
    """
    groups = [group.name for group in found.groups]
    if len(groups) == 1:
        show_values(found.rows, "run", list(found.runs), console)
    else:
        counts = {group.name: str(len(group.runs)) for group in found.groups}
        fields = {
            place: {name: short_text(own, LONGEST) for name, own in by.items()} for place, by in found.differing.items()
        }
        tables: list[Cells] = [{"runs": counts, **fields}, {title(row): _over_seeds(found, row) for row in found.rows}]
        turned = len(groups) > max(map(len, tables))  # to have few columns
        for cells in filter(None, tables):
            _show_cells(cells, groups, turned, console)
        if found.rows:
            several = any(len(group.runs) > 1 for group in found.groups)
            say("±: standard deviation over the seeds; *: the best mean" if several else "*: the best", console)
    if not found.rows:
        say("no numbers to compare: no metric was measured after the last step of these runs", console)
    if found.free:
        say(f"also different, without effect on the weights: {', '.join(found.free)}", console)
    for note in found.notes:
        say(f"note: {note}", console)


def show_values(rows: Sequence[MetricSummary[K]], what: str, keys: Sequence[K], console: Console) -> None:
    """A line for each number: mean, standard deviation, best, and each run's own.

    Args:
        rows: The numbers.
        what: What tells the runs apart, such as "seed".
        keys: The runs.
        console: Where it is printed.
    """
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for heading in ("mean", "sd", "best", f"of {what}", *(str(key) for key in keys)):
        table.add_column(heading, justify="right")
    for row in rows:
        show = row.headline.show
        deviation = NONE if row.deviation is None else show(row.deviation)
        best_key, best = row.best
        each = [show(row.values[key]) if key in row.values else NONE for key in keys]
        table.add_row(title(row), show(row.mean), deviation, show(best), str(best_key), *each)
    if rows:
        print_whole(table, console)


def _show_cells(cells: Cells, columns: Sequence[str], turned: bool, console: Console) -> None:
    """A table of texts; turned, its rows are columns. A blank line follows."""
    if turned:
        transposed = {column: {row: own[column] for row, own in cells.items() if column in own} for column in columns}
        cells, columns = transposed, list(cells)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", *columns):
        table.add_column(heading)
    for row, own in cells.items():
        table.add_row(row, *(own.get(column, NONE) for column in columns))
    print_whole(table, console)
    say("", console)


def _over_seeds(found: Comparison, row: MetricSummary[str]) -> dict[str, str]:
    """Mean and deviation of a number by group; how many runs have it, where not all of the group do."""
    best = found.best(row)
    sizes = {group.name: len(group.runs) for group in found.groups}
    cells = {}
    for name, summary in found.over_seeds(row).items():
        show = row.headline.show
        deviation = "" if summary.deviation is None else f" ± {show(summary.deviation)}"
        count = "" if len(summary.values) == sizes[name] else f" ({len(summary.values)} of {sizes[name]} runs)"
        cells[name] = f"{show(summary.mean)}{deviation}{count}{' *' if name == best else ''}"
    return cells
