"""The headline numbers of several runs, one row for each number that compares."""

import json
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Generic, NamedTuple, TypeVar

from gan_run.core.kinds.metric import Headline, Measurement, Metric

K = TypeVar("K", bound=Hashable)


class Result(NamedTuple):
    """A metric and what it found."""

    metric: Metric
    found: Measurement


@dataclass(frozen=True)
class MetricSummary(Generic[K]):
    """One number of a metric over several runs.

    Attributes:
        name: The metric's name and the number's.
        values: The number by run (by seed, where runs differ in their seed), of the runs that have it.
        headline: Which of two values is better, and how they are printed.
        fingerprint: What it was measured with (`Metric.fingerprint`).
    """

    name: str
    values: Mapping[K, float]
    headline: Headline
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """The name, with the fingerprint of what it was measured with, where there is one."""
        return f"{self.name} #{self.fingerprint}" if self.fingerprint else self.name

    @property
    def mean(self) -> float:
        return fmean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation; None for a single run."""
        return stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def best(self) -> tuple[K, float]:
        """The run with the best value, and the value."""
        run = self.headline.best(self.values)
        return run, self.values[run]

    def within(self, runs: Collection[K]) -> "MetricSummary[K] | None":
        """The same number over some of the runs; None if none of them has it."""
        values = {run: value for run, value in self.values.items() if run in runs}
        return replace(self, values=values) if values else None


def summarize(runs: Mapping[K, Sequence[Result]]) -> list[MetricSummary[K]]:
    """Gather the headline numbers of several runs. A row has the values that compare: of metrics with the same fields,
    that were measured with the same things.

    Args:
        runs: What was measured of each run.

    Returns:
        The rows. Where metrics of one type differ in fields, their names have these fields.
    """
    names = _names(dict.fromkeys(variant for results in runs.values() for variant, _ in _variants(results)))
    rows: dict[tuple[str, str], MetricSummary[K]] = {}
    for run, results in runs.items():
        for variant, (metric, found) in _variants(results):
            for path, value in metric.headline(found).items():
                row = f"{names[variant]} {path}", metric.fingerprint(found)
                before = rows[row].values if row in rows else {}
                rows[row] = MetricSummary(row[0], {**before, run: value}, metric.headline_of(path), row[1])
    return list(rows.values())


class _Variant(NamedTuple):
    """A metric of some type with its fields."""

    type: str
    fields: tuple[tuple[str, str], ...]
    """Name and JSON of each but `every`, which decides no number."""
    recurring: int
    """How many with the same fields stand before it in the same run."""


def _variants(results: Sequence[Result]) -> Iterator[tuple[_Variant, Result]]:
    seen: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    for result in results:
        content = result.metric.model_dump(mode="json", exclude={"type", "every"}, warnings=False)
        key = result.metric.name(), tuple((field, json.dumps(value)) for field, value in content.items())
        yield _Variant(*key, seen[key]), result
        seen[key] += 1


def _names(variants: Collection[_Variant]) -> dict[_Variant, str]:
    """The type of each; where several of a type differ in fields, with these fields."""
    names = {}
    for variant in variants:
        alike = {other.fields for other in variants if other.type == variant.type}
        distinct = [field for field in variant.fields if any(field not in other for other in alike)]
        fields = ", ".join(f"{name}={value}" for name, value in distinct)
        again = f"-again-{variant.recurring}" if variant.recurring else ""
        names[variant] = f"{variant.type}{again}" + (f"({fields})" if fields else "")
    return names
