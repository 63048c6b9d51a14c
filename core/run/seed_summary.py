"""A summary of the metrics of runs that differ in their seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from gan_run.core.kinds.component import numbered_by_type
from gan_run.core.kinds.metric import Headline, Metric
from gan_run.core.run.run_folder import RunFolder


@dataclass(frozen=True)
class MetricSummary:
    """One number of a metric over several runs.

    Attributes:
        name: The metric's name and the number's.
        values: The number by seed, of the runs that have it.
        headline: Which of two values is better, and how they are printed.
        fingerprint: What it was measured with (`Metric.fingerprint`).
    """

    name: str
    values: Mapping[int, float]
    headline: Headline
    fingerprint: str = ""

    @property
    def mean(self) -> float:
        return fmean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation; None for a single run."""
        return stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def best(self) -> tuple[int, float]:
        """The seed with the best value, and the value."""
        seed = self.headline.best(self.values)
        return seed, self.values[seed]


def summarize_seeds(runs: Mapping[int, RunFolder], metrics: Sequence[Metric]) -> list[MetricSummary]:
    """Summarise the headline numbers of `metrics` in finished runs, given by seed. Numbers of a metric that were
    measured with different things are rows of their own."""
    rows: dict[tuple[str, str], MetricSummary] = {}
    keyed = numbered_by_type(metrics)
    for seed, run in runs.items():
        for (key, metric), found in zip(keyed.items(), run.measured(), strict=True):
            for name, value in metric.headline(found).items():
                row = f"{key} {name}", metric.fingerprint(found)
                before = rows[row].values if row in rows else {}
                rows[row] = MetricSummary(row[0], {**before, seed: value}, metric.headline_of(name), row[1])
    return list(rows.values())
