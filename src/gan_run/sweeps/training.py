"""Trains points of a sweep."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gan_run.core.base.errors import SpecError
from gan_run.core.kinds.data_source import DataSource, Splits
from gan_run.core.run.resolve import check_against_data
from gan_run.many_runs import ManyRuns
from gan_run.parallel_runs import Outcome
from gan_run.sweeps.points import Point


@dataclass(frozen=True)
class PointTraining:
    """How the points of a sweep are trained.

    Attributes:
        runs: The spec, the folder and the number of jobs.
        overrides: Fields to change in all runs.
    """

    runs: ManyRuns
    overrides: tuple[str, ...]
    _described: list[tuple[DataSource, Splits]] = field(default_factory=list)

    def train(self, points: Sequence[Point]) -> Outcome:
        """Check all points, then train them, but for those that are finished.

        Returns:
            Runs and failures by the name of the point.

        Raises:
            SpecError: A point is no valid spec, or does not fit its data. Nothing was trained.
            Stopped: Training was stopped; checkpoints are saved.
        """
        for point in points:
            self.check(point)
        return self.runs.train({point.name: [*self.overrides, *point.overrides()] for point in points})

    def check(self, point: Point) -> None:
        """Raises SpecError if a point is no valid spec, or does not fit its data."""
        try:
            spec = self.runs.read([*self.overrides, *point.overrides()])
            check_against_data(spec, self._splits(spec.data))
        except SpecError as error:
            raise SpecError(error.problems, f"{error.source} with {point}") from None

    def _splits(self, data: DataSource) -> Splits:
        """The splits of a data source, which is described once for all points that have it."""
        for known, splits in self._described:
            if known == data:
                return splits
        self._described.append((data, Splits(data)))
        return self._described[-1][1]
