"""What the metrics of a run found, with what they were measured on."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gan_run.core.kinds.metric import Measurement
from gan_run.core.run.metric_summary import summarize
from gan_run.results.run import Run
from gan_run.results.tables import field_text

ON = "_on"
"""How the names of what a metric says of its images end: measured_on, fitted_on."""


class Number(NamedTuple):
    """A headline number."""

    name: str
    value: str
    unit: str
    better: str


class Measured(NamedTuple):
    """The headline numbers of one metric."""

    metric: str
    measured_on: list[str]
    fingerprint: str
    measured_with: str
    """All that the fingerprint stands for, as JSON."""
    numbers: list[Number]

    @property
    def better(self) -> str:
        """Which of two values is better, where this is the same for all numbers."""
        ways = {number.better for number in self.numbers}
        return ways.pop() if len(ways) == 1 else ""

    @property
    def about(self) -> str:
        """What the numbers were measured on, and which are better, as sentences."""
        said = [*self.measured_on, *([f"{self.better} is better"] if self.better else [])]
        return " ".join(f"{text[0].upper()}{text[1:]}." for text in said)


def measurements(run: Run) -> list[Measured]:
    """What the metrics of a run found after its last step, metric by metric.

    Args:
        run: The run.
    """
    results = run.results
    rows = summarize({index: [result] for index, result in enumerate(results)})
    measured = []
    for index, (metric, found) in enumerate(results):
        own = {
            path: next(row for row in rows if _is_of(row.name, row.values, path, index))
            for path in metric.headline(found)
        }
        if not own:
            continue
        numbers = [
            Number(path, row.headline.show(row.values[index]), row.headline.unit, row.headline.better)
            for path, row in own.items()
        ]
        path, first = next(iter(own.items()))
        with_what = json.dumps(found["measured_with"], ensure_ascii=False) if first.fingerprint else ""
        on = [*_measured_on(found)]
        measured.append(Measured(first.name.removesuffix(f" {path}"), on, first.fingerprint, with_what, numbers))
    return measured


def weights(run: Run) -> str:
    """Which weights the numbers and the pictures are of."""
    train = run.fields.get("train")
    ema = train.get("ema") if isinstance(train, Mapping) else None
    return "the generator's own weights" if ema is None else f"the EMA of the generator's weights ({field_text(ema)})"


def _is_of(name: str, values: Mapping[int, float], path: str, index: int) -> bool:
    """Whether a row of the summary is that of a number of one result."""
    return index in values and name.endswith(f" {path}")


def _measured_on(found: Measurement) -> Iterator[str]:
    for name, value in found.items():
        if name.endswith(ON) and isinstance(value, Mapping):
            parts = ", ".join(_part(key, part) for key, part in value.items())
            yield f"{name.removesuffix(ON)} on {parts}"


def _part(name: str, value: object) -> str:
    if name == "split":
        return f"the {value} split"
    return f"{value:,} {name}" if isinstance(value, int) else f"{name} {value}"
