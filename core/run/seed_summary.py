"""Several runs of one experiment, as one row of numbers each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from gan_run.core.kinds.metric import Metric
from gan_run.core.run.run_folder import RunFolder


@dataclass(frozen=True)
class MetricSummary:
    """One number over all runs that have it."""

    name: str
    """The metric's name, and the number's own."""
    values: Mapping[int, float]
    """By seed."""

    @property
    def mean(self) -> float:
        return fmean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """The sample's standard deviation; None of a single run."""
        return stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def best(self) -> tuple[int, float]:
        """The seed with the highest value, and that."""
        return max(self.values.items(), key=lambda pair: pair[1])


def summarize_seeds(runs: Mapping[int, RunFolder], metrics: Sequence[Metric]) -> list[MetricSummary]:
    """The headline numbers of `metrics` in finished runs, by seed, in the order that they are measured in."""
    rows: dict[str, dict[int, float]] = {}
    types = [metric.name() for metric in metrics]
    for seed, run in runs.items():
        for index, (metric, found) in enumerate(zip(metrics, run.measured(), strict=True)):
            # A metric that is there twice, with other settings, is told by its place in the spec.
            title = types[index] if types.count(types[index]) == 1 else f"metrics[{index}] {types[index]}"
            for name, value in metric.headline(found).items():
                rows.setdefault(f"{title} {name}", {})[seed] = value
    return [MetricSummary(name, values) for name, values in rows.items()]
