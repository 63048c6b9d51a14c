"""Ends a run that no longer improves."""

import json
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import (
    Callback,
    DeclaredCallback,
    Event,
    Measurement,
    Metric,
    MetricMeasured,
    Problem,
    RunStarted,
    SpecView,
    suggest,
)


class EarlyStopping(DeclaredCallback):
    """Ends the run when a metric has not improved for some measurements; the run is then evaluated and finished."""

    type: Literal["early-stopping"] = "early-stopping"
    metric: str = Field(description="The type of a metric of the spec, which has an `every`.")
    number: str = Field(description="Dotted path of one of its headline numbers, such as codes.category.bound.")
    patience: int = Field(default=5, ge=1, description="Number of measurements in a row without an improvement.")
    least: float = Field(default=0.0, ge=0, description="The smallest improvement that counts as one.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        every = {metric.name(): metric.every for _, metric in spec.find_all(Metric)}
        if self.metric not in every:
            yield Problem(("metric",), f"the spec has no metric {self.metric!r}{suggest(self.metric, every)}")
        elif every[self.metric] is None:
            yield Problem(("metric",), f"{self.metric} is measured at the end alone: give it an `every`")

    def build(self) -> Callback:
        return _Patience(self)


class _Patience(Callback):
    """Counts the measurements since the best one."""

    def __init__(self, declared: EarlyStopping) -> None:
        self._declared = declared
        self._best: float | None = None
        self._waited = 0

    def title(self) -> str:
        return "the callback early-stopping"

    def run_started(self, event: RunStarted) -> None:
        """Count what the steps before a resumed one measured."""
        file = event.folder / "metrics.jsonl"
        metric = next(metric for metric in event.spec.metrics if metric.name() == self._declared.metric)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for each in (each for line in lines for each in json.loads(line).get("metrics", [])):
            if each["metric"]["type"] == self._declared.metric:
                self._count(metric, each["found"])
        self._end_if_due(event)

    def metric_measured(self, event: MetricMeasured) -> None:
        if event.metric.name() == self._declared.metric:
            self._count(event.metric, event.found)
            self._end_if_due(event)

    def _end_if_due(self, event: Event) -> None:
        if self._waited >= self._declared.patience:
            event.end_training()

    def _count(self, metric: Metric, found: Measurement) -> None:
        number, values = self._declared.number, metric.headline(found)
        if number not in values:
            raise ValueError(f"{self._declared.metric} has no headline number {number!r}{suggest(number, values)}")
        value, headline = values[number], metric.headline_of(number)
        if self._best is None or headline.is_better(value, self._best, by=self._declared.least):
            self._best, self._waited = value, 0
        else:
            self._waited += 1
