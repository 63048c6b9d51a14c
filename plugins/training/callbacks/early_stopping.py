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
    WatchedNumber,
)


class EarlyStopping(DeclaredCallback, WatchedNumber):
    """Ends the run when a metric has not improved for some measurements; the run is then evaluated and finished."""

    type: Literal["early-stopping"] = "early-stopping"
    patience: int = Field(default=5, ge=1, description="Number of measurements in a row without an improvement.")
    least: float = Field(default=0.0, ge=0, description="The smallest improvement that counts as one.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return self.check_watched(spec)

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
        metric = event.spec.metrics_by_key()[self._declared.metric]
        fields, file = metric.model_dump(mode="json"), event.folder / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for each in (each for line in lines for each in json.loads(line).get("metrics", [])):
            if each["metric"] == fields:
                self._count(metric, each["found"])
        self._end_if_due(event)

    def metric_measured(self, event: MetricMeasured) -> None:
        if event.key == self._declared.metric:
            self._count(event.metric, event.found)
            self._end_if_due(event)

    def _end_if_due(self, event: Event) -> None:
        if self._waited >= self._declared.patience:
            event.end_training()

    def _count(self, metric: Metric, found: Measurement) -> None:
        value, headline = self._declared.value(metric, found), metric.headline_of(self._declared.number)
        if self._best is None or headline.is_better(value, self._best, by=self._declared.least):
            self._best, self._waited = value, 0
        else:
            self._waited += 1
