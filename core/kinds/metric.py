"""Metrics: numbers that are measured on a trained model."""

import json
from abc import abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Literal, TypeVar

from pydantic import Field

from gan_run.core.base.errors import NotFoundByName, suggest
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model

T = TypeVar("T", bound=Hashable)

Measured = float | int | str | None
Measurement = Mapping[str, "Measured | Measurement | list[Measured]"]
"""A metric's result, ready for JSON: finite numbers by name, nested where that reads better."""


@dataclass(frozen=True)
class Headline:
    """A number of a metric by which runs are compared."""

    path: str
    """Dotted path in the result, such as `codes.*.bound`; `*` matches any one name."""
    better: Literal["higher", "lower"] = "higher"
    """Which of two values is the better one."""
    unit: str = ""
    """The unit that is printed after the value, such as "nats"."""
    form: str = ".4f"
    """The value's format: `.2%` prints a share as a percentage."""

    def show(self, value: float) -> str:
        """A value as it is printed, without the unit.

        Args:
            value: The value.

        Returns:
            The text.
        """
        return f"{value:{self.form}}"

    def is_better(self, value: float, other: float, by: float = 0.0) -> bool:
        """Whether a value is better than another.

        Args:
            value: The value.
            other: The other value.
            by: The difference that it has to exceed.

        Returns:
            True if it is better by more than `by`.
        """
        return (value - other if self.better == "higher" else other - value) > by

    def best(self, values: Mapping[T, float]) -> T:
        """Which of several values is the best.

        Args:
            values: Values by key, at least one.

        Returns:
            The key of the best value; of equal ones the first.
        """
        return (max if self.better == "higher" else min)(values, key=lambda key: values[key])

    def matches(self, place: Sequence[str]) -> bool:
        """Whether `path` matches a path in a result.

        Args:
            place: The names on the path in the result.

        Returns:
            True if it has as many names, all of which match.
        """
        parts = self.path.split(".")
        return len(place) == len(parts) and all(part in ("*", name) for part, name in zip(parts, place, strict=True))


class Metric(Component):
    """Numbers that are measured on a trained model and, where needed, its dataset."""

    kind: ClassVar[str] = "metric"
    headlines: ClassVar[tuple[Headline, ...]] = (Headline("*"),)
    """The numbers by which runs are compared, and which of two values is better. The first that matches a path counts.
    """
    every: int | None = Field(
        default=None, ge=1, description="Measure every so many steps too, not at the end of training alone."
    )

    @abstractmethod
    def measure(self, model: Model, data: Splits) -> Measurement:
        """Measure.

        Args:
            model: The trained model.
            data: The dataset's splits; each is loaded when it is first used.

        Returns:
            Numbers by name. Random numbers come from torch's global generator, which the engine has seeded, so that
            the result is reproducible. `measured_on` says how many images and samples were used; `measured_with`, where
            there is one, all on which the scale of the numbers depends (a network's hash, a reference set's): results
            that differ in it are not put in one row of a table.

        Example:
            type: Literal["brightness"] = "brightness"

            def measure(self, model: Model, data: Splits) -> Measurement:
                images = model.sample(1000)
                return {"mean": float(images.mean()), "measured_on": {"samples": len(images)}}
        """

    def headline(self, found: Measurement) -> dict[str, float]:
        """Select the numbers by which runs are compared.

        Args:
            found: A result of `measure`.

        Returns:
            The float values whose paths match `headlines`, by dotted path; integers are counts and left out.
        """
        return {
            ".".join(place): value
            for place, value in _leaves(found, ())
            if isinstance(value, float) and any(headline.matches(place) for headline in self.headlines)
        }

    def fingerprint(self, found: Measurement) -> str:
        """Identify what a result was measured with. Results with different fingerprints do not compare.

        Args:
            found: A result of `measure`.

        Returns:
            Eight hexadecimal digits, a SHA-256 of the result's `measured_with`; "" if it has none.
        """
        if "measured_with" not in found:
            return ""
        return sha256(json.dumps(found["measured_with"], sort_keys=True).encode()).hexdigest()[:8]

    def measured_on(self, found: Measurement) -> Measurement:
        """Say what a result was measured on: the split, where it is one, and how many images.

        Args:
            found: A result of `measure`.

        Returns:
            The result's `measured_on`; empty if it has none.
        """
        stated = found.get("measured_on")
        return stated if isinstance(stated, Mapping) else {}

    def headline_of(self, path: str) -> Headline:
        """What is declared of a number.

        Args:
            path: Its dotted path, as `headline` gives it.

        Returns:
            The first headline that matches.

        Raises:
            NotFoundByName: No headline matches the path.
        """
        for headline in self.headlines:
            if headline.matches(path.split(".")):
                return headline
        there_are = [headline.path for headline in self.headlines]
        raise NotFoundByName(f"{self.name()} has no headline {path!r}{suggest(path, there_are)}")


def _leaves(found: Measurement, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, name))
        else:
            yield (*place, name), value
