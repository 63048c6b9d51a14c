"""Several runs side by side: what differs in their specs, and what their metrics found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_run.core.base.errors import GanRunError, show_place
from gan_run.core.run.metric_summary import MetricSummary, summarize
from gan_run.core.run.options import Plugins
from gan_run.core.run.same_run import ABSENT, DifferingField, differing_fields
from gan_run.registry.plugins import load_plugins
from gan_run.results.curves import draw_curves
from gan_run.results.grouping import SEED_AND_NAME, RunGroup, comparable_fields, grouped
from gan_run.results.naming import RunLike, named_runs
from gan_run.results.remarks import names_by_data, remarks
from gan_run.results.run import Run
from gan_run.results.tables import Cell, as_lines, as_object, write_csv


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: The runs by name: that of the folder, with the folders above it where names recur.
        groups: Which of them differ in their seed alone.
        rows: What the metrics of the finished runs found, by the name of the run: a row for each number.
        differing: The fields of the specs that differ between groups and decide the weights: the value in each group,
            by the field's place, as in "losses[1].weight". A group without such a field has no entry.
        free: The places of the fields that differ and do not decide the weights, such as train.device.
        notes: What a reader should know: runs that are unfinished, alarms that ring, different data, metrics that are
            not installed.
    """

    runs: Mapping[str, Run]
    groups: tuple[RunGroup, ...]
    rows: Sequence[MetricSummary[str]]
    differing: Mapping[str, Mapping[str, object]]
    free: tuple[str, ...]
    notes: tuple[str, ...]

    def over_seeds(self, row: MetricSummary[str]) -> dict[str, MetricSummary[str]]:
        """A number over the runs of each group.

        Args:
            row: One of `rows`.

        Returns:
            The number's values, mean and deviation by the name of the group, for the groups that have it.
        """
        found = {group.name: row.within(group.runs) for group in self.groups}
        return {name: summary for name, summary in found.items() if summary is not None}

    def best(self, row: MetricSummary[str]) -> str | None:
        """The group with the best mean of a number.

        Args:
            row: One of `rows`.

        Returns:
            The name of the group; None if less than two groups have the number, or the data of runs differ.
        """
        if len(names_by_data(self.runs)) > 1:
            return None
        means = {name: summary.mean for name, summary in self.over_seeds(row).items()}
        return row.headline.best(means) if len(means) > 1 else None

    def as_object(self) -> dict[str, object]:
        """Make an object of it that is ready for JSON.

        Returns:
            The runs, the groups, what differs, and each number by run and by group.
        """
        return as_object(self)

    def as_lines(self) -> list[dict[str, Cell]]:
        """Make a table of it, as for `pandas.DataFrame`.

        Returns:
            For each group its name, the fields that differ, and mean, standard deviation and number of runs of each
            number. None stands for what a group has not.
        """
        return as_lines(self)

    def write_csv(self, path: Path | str) -> None:
        """Write the table of `as_lines` to a file.

        Args:
            path: The file.
        """
        write_csv(self, Path(path))

    def draw_curves(self, path: Path | str, numbers: Sequence[str] = ()) -> None:
        """Draw the learning curves: a panel for each number, a colour for each group, its runs thin, their mean thick.

        Args:
            path: The picture, such as curves.png.
            numbers: The numbers to draw, as `Run.history` names them. None given: every loss, and the metrics that were
                measured during training.

        Raises:
            NotFoundByName: No run has logged a number of this name.
            RunError: No run has logged anything yet.
        """
        draw_curves(self, Path(path), numbers)

    def write_report(self, path: Path | str) -> Path:
        """Write a page with the runs side by side: one HTML file that needs no network.

        Args:
            path: The file.

        Returns:
            The file.
        """
        from gan_run.report.page import write_comparison

        return write_comparison(self, Path(path))


def compare(runs: Sequence[RunLike] | RunLike, *, registry: Plugins | None = None) -> Comparison:
    """Compare runs of any specs, finished or not.

    Args:
        runs: Runs, run folders, or folders of run folders. One that is given twice counts once.
        registry: The installed plugins; None loads all that are installed.

    Returns:
        What differs in the specs, and the metrics over the seeds of each group of runs.

    Raises:
        GanRunError: No run is given.
        RunError: A folder is no run and holds none, or a file of a run cannot be read.
    """
    named = named_runs(runs, registry or load_plugins())
    if not named:
        raise GanRunError("give at least one run to compare")
    fields = comparable_fields(named)
    groups = grouped(named, fields)
    found = list(differing_fields(list(fields.values())))
    decisive = [field for field in found if not field.free and field.place not in SEED_AND_NAME]
    return Comparison(
        runs=named,
        groups=groups,
        rows=summarize({name: run.results for name, run in named.items()}),
        differing={show_place(field.place): _by_group(field, list(named), groups) for field in decisive},
        free=tuple(show_place(field.place) for field in found if field.free),
        notes=tuple(remarks(named, groups)),
    )


def _by_group(field: DifferingField, names: Sequence[str], groups: Sequence[RunGroup]) -> dict[str, object]:
    """The value of a field in each group that has it."""
    by_run = dict(zip(names, field.values, strict=True))
    values = {group.name: by_run[group.runs[0]] for group in groups}
    return {name: value for name, value in values.items() if value is not ABSENT}
