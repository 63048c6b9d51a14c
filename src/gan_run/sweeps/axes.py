"""The fields that a sweep varies: `--over PLACE=VALUES`."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_run.core.base.errors import Problem, SpecError

INTEGERS = re.compile(r"(-?\d+):(-?\d+)")
NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
INTERVAL = re.compile(rf"({NUMBER})\.\.({NUMBER})(:log)?")
HOW = (
    "values are written as 0.1,0.3,1 or as a JSON array, integers as 0:5 (without 5), "
    "and an interval, for --trials, as 0.1..1 or 1e-4..1e-2:log"
)


@dataclass(frozen=True)
class Axis:
    """A field and the values that it takes, as JSON has them; a `range` keeps that they are consecutive."""

    place: str
    values: Sequence[object]


@dataclass(frozen=True)
class Interval:
    """A field that takes any value between two numbers, both included; whole numbers if both are."""

    place: str
    low: float
    high: float
    log: bool


Over = Mapping[str, Sequence[object] | str]
"""Values by the field's place; a text is read as on the command line."""


def read_axes(over: Over) -> list[Axis | Interval]:
    """Read what is to be varied.

    Raises:
        SpecError: A text has no such form, or a field has no values.
    """
    return [
        read_values(place, values) if isinstance(values, str) else _axis(place, values, f"over {place}")
        for place, values in over.items()
    ]


def read_values(place: str, text: str) -> Axis | Interval:
    """Read the values of a field as they are written on the command line. Raises SpecError."""
    source = f"--over {place}={text}"
    if match := INTERVAL.fullmatch(text):
        low, high = (json.loads(number) for number in match.groups()[:2])
        if not low < high or (match[3] and low <= 0):
            message = "the first number is less than the second" + (", and above 0 with :log" if match[3] else "")
            raise SpecError([Problem((), message)], source)
        return Interval(place, low, high, match[3] is not None)
    if match := INTEGERS.fullmatch(text):
        integers = range(int(match[1]), int(match[2]))
        if not integers:
            message = "there is no integer from the first number to the last, which is left out"
            raise SpecError([Problem((), message)], source)
        return Axis(place, integers)
    return _axis(place, _listed(text), source)


def _listed(text: str) -> list[object]:
    """JSON values with commas between them, in brackets or not; what is no JSON is text."""
    try:
        values: list[object] = json.loads(f"[{text}]")
    except ValueError:
        return [_value(part) for part in text.split(",")]
    whole = values[0] if len(values) == 1 else None
    return whole if isinstance(whole, list) else values


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _axis(place: str, values: Sequence[object], source: str) -> Axis:
    if isinstance(values, range) and values:
        return Axis(place, values)
    if not values or "" in values:
        raise SpecError([Problem((), f"a value is missing: {HOW}")], source)
    return Axis(place, _without_repetitions(values))


def _without_repetitions(values: Sequence[object]) -> list[object]:
    return list({json.dumps(value): value for value in values}.values())
