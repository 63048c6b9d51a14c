"""A summary of the metrics of runs that differ in their seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from gan_run.core.kinds.metric import Metric
from gan_run.core.run.run_folder import RunFolder


@dataclass(frozen=True)
class MetricSummary:
    """One number of a metric over several runs.

    Attributes:
        name: The metric's name and the number's.
        values: The number by seed, of the runs that have it.
    """

    name: str
    values: Mapping[int, float]

    @property
    def mean(self) -> float:
        return fmean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation; None for a single run."""
        return stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def best(self) -> tuple[int, float]:
        """The seed with the highest value, and the value."""
        return max(self.values.items(), key=lambda pair: pair[1])


def summarize_seeds(runs: Mapping[int, RunFolder], metrics: Sequence[Metric]) -> list[MetricSummary]:
    """Summarise the headline numbers of `metrics` in finished runs, given by seed."""
    rows: dict[str, dict[int, float]] = {}
    types = [metric.name() for metric in metrics]
    for seed, run in runs.items():
        for index, (metric, found) in enumerate(zip(metrics, run.measured(), strict=True)):
            # A metric that occurs twice, with different fields, is named by its place in the spec.
            title = types[index] if types.count(types[index]) == 1 else f"metrics[{index}] {types[index]}"
            for name, value in metric.headline(found).items():
                rows.setdefault(f"{title} {name}", {})[seed] = value
    return [MetricSummary(name, values) for name, values in rows.items()]
