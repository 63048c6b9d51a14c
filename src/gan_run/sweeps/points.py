"""The points of a sweep: values of the fields that it varies, and the name of the run that has them."""

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from gan_run.core.base.errors import GanRunError
from gan_run.sweeps.axes import Axis

LONGEST_VALUE = 24
LONGEST_NAME = 90
"""Characters: `Spec.name` has at most 100, and a folder may get a number."""
MOST_POINTS = 10_000
"""Runs of a grid: more cannot be meant, and take long to count."""


@dataclass(frozen=True)
class Point:
    """Values of fields by place, and the name of the run."""

    name: str
    values: Mapping[str, object]

    def overrides(self) -> list[str]:
        """The fields to change, as on the command line."""
        return [f"{place}={json.dumps(value)}" for place, value in {**self.values, "name": self.name}.items()]

    def __str__(self) -> str:
        return ", ".join(f"{place}={json.dumps(value)}" for place, value in self.values.items())


def grid(axes: Sequence[Axis], prefix: str = "") -> list[Point]:
    """Every combination of the values, the last field's varying first.

    Args:
        axes: The fields and their values. None gives one point without values.
        prefix: Begins the names.

    Raises:
        GanRunError: There are more than `MOST_POINTS`.
    """
    if (count := math.prod(len(axis.values) for axis in axes)) > MOST_POINTS:
        raise GanRunError(f"these are {count:,} combinations: a sweep has at most {MOST_POINTS:,} runs")
    labels = _labels([axis.place for axis in axes])
    points = []
    for values in itertools.product(*(axis.values for axis in axes)):
        parts = [f"{label}-{_text(value)}" for label, value in zip(labels, values, strict=True)]
        name = "-".join([prefix, *parts] if prefix else parts)
        chosen = {axis.place: value for axis, value in zip(axes, values, strict=True)}
        points.append(Point(name if len(name) <= LONGEST_NAME else _cut(name, LONGEST_NAME, name), chosen))
    return points


def _labels(places: Sequence[str]) -> list[str]:
    """The end of each place, as long as it has to be: `weight`, and of two weights `losses.1.weight`."""
    parts = [re.findall(r"[A-Za-z0-9_-]+", place) for place in places]
    for count in range(1, max(map(len, parts), default=0) + 1):
        labels = [".".join(each[-count:]) for each in parts]
        if len({*labels}) == len(labels):
            return labels
    return [".".join(each) for each in parts]


def _text(value: object) -> str:
    """A value as a part of a name, which does not depend on the other values: a sweep may be given more of them."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if isinstance(value, float):
        text = text.replace("+", "")  # 1e+20
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text)
    return text if plain == text and len(text) <= LONGEST_VALUE else _cut(plain.strip("-"), LONGEST_VALUE, text)


def _cut(text: str, longest: int, whole: str) -> str:
    """The beginning of a text, and a hash of what it stands for."""
    return f"{text[: longest - 7]}-{sha256(whole.encode()).hexdigest()[:6]}"
