"""The number that a search improves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gan_run.core.base.errors import GanRunError, NotFoundByName, suggest
from gan_run.core.kinds.metric import Headline
from gan_run.core.kinds.spec import Spec
from gan_run.core.kinds.watched_number import WatchedNumber
from gan_run.core.run.options import Plugins
from gan_run.results.run import Run

DIRECTIONS = {"higher": "maximise", "lower": "minimise"}


@dataclass(frozen=True)
class Objective:
    """A headline number of a metric of the spec."""

    watched: WatchedNumber
    headline: Headline

    @property
    def direction(self) -> str:
        return DIRECTIONS[self.headline.better]

    def __str__(self) -> str:
        return f"{self.watched.metric}:{self.watched.number}"

    def mean(self, runs: Sequence[Path], plugins: Plugins) -> float:
        """The mean of the number over finished runs. Raises GanRunError if one lacks it."""
        return fmean(self._value(Run(path, registry=plugins)) for path in runs)

    def _value(self, run: Run) -> float:
        metric = run.spec.metrics_by_key()[self.watched.metric]
        found = next((result.found for result in run.results if result.metric == metric), None)
        if found is None:
            raise GanRunError(f"{run.path} has no result of {self.watched.metric}")
        return self.watched.value(metric, found)


def read_objective(text: str, direction: str, spec: Spec) -> Objective:
    """Read METRIC or METRIC:NUMBER.

    Args:
        text: A metric, as `Spec.metrics_by_key` names it, and one of its headline numbers; without a number its first.
        direction: "maximise" or "minimise", as the user wants it.
        spec: The spec that has the metric.

    Raises:
        NotFoundByName: The spec has no such metric, or the metric no such number.
        GanRunError: The number must be named, or its direction is the other one.
    """
    key, _, number = text.partition(":")
    metrics = spec.metrics_by_key()
    if key not in metrics:
        raise NotFoundByName(f"the spec has no metric {key!r}{suggest(key, metrics)}")
    metric = metrics[key]
    if not number:
        number = metric.headlines[0].path
        if "*" in number:
            there_are = ", ".join(headline.path for headline in metric.headlines)
            raise GanRunError(f"{key} has several numbers: name one as {key}:NUMBER, where NUMBER matches {there_are}")
    objective = Objective(WatchedNumber(metric=key, number=number), metric.headline_of(number))
    if direction != objective.direction:
        raise GanRunError(f"of {objective}, {objective.headline.better} is better: {objective.direction} it")
    return objective
