"""The headline numbers of a run, with what they were measured on."""

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
    measured_on: str
    fingerprint: str
    measured_with: str
    """All that the fingerprint stands for, as JSON."""


def measurements(run: Run) -> list[Number]:
    """What the metrics of a run found after its last step, number by number.

    Args:
        run: The run.
    """
    results = dict(enumerate(run.results))
    numbers = []
    for row in summarize({index: [result] for index, result in results.items()}):
        for index, value in row.values.items():
            found = results[index].found
            numbers.append(
                Number(
                    row.name,
                    row.headline.show(value),
                    row.headline.unit,
                    row.headline.better,
                    "; ".join(_measured_on(found)),
                    row.fingerprint,
                    json.dumps(found["measured_with"], ensure_ascii=False) if row.fingerprint else "",
                )
            )
    return numbers


def weights(run: Run) -> str:
    """Which weights the numbers and the pictures are of."""
    train = run.fields.get("train")
    ema = train.get("ema") if isinstance(train, Mapping) else None
    return "the generator's own weights" if ema is None else f"the EMA of the generator's weights ({field_text(ema)})"


def _measured_on(found: Measurement) -> Iterator[str]:
    said = {name.removesuffix(ON): value for name, value in found.items() if name.endswith(ON)}
    for verb, value in said.items():
        if isinstance(value, Mapping):
            prefix = f"{verb} on " if len(said) > 1 else ""
            yield prefix + ", ".join(_part(name, part) for name, part in value.items())


def _part(name: str, value: object) -> str:
    if name == "split":
        return f"{value} split"
    return f"{value:,} {name}" if isinstance(value, int) else f"{name} {value}"
