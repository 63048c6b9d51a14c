"""Metrics: numbers that are measured on a trained model."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model

Measured = float | int | str | None
Measurement = Mapping[str, "Measured | Measurement | list[Measured]"]
"""A metric's result, ready for JSON: finite numbers by name, nested where that reads better."""


class Metric(Component):
    """Numbers that are measured on a trained model and, where needed, its dataset."""

    kind: ClassVar[str] = "metric"
    headlines: ClassVar[tuple[str, ...]] = ("*",)
    """The numbers that compare runs, higher being better: dotted paths in the result (`codes.*.bound`); `*` matches
    any one name."""
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
            the result is reproducible.

        Example:
            type: Literal["brightness"] = "brightness"

            def measure(self, model: Model, data: Splits) -> Measurement:
                images = model.sample(1000)
                return {"mean": float(images.mean()), "measured_on": {"samples": len(images)}}
        """

    def headline(self, found: Measurement) -> Mapping[str, float]:
        """Select the numbers that compare runs.

        Args:
            found: A result of `measure`.

        Returns:
            The float values whose paths match `headlines`, by dotted path; integers are counts and left out.
        """
        wanted = [pattern.split(".") for pattern in self.headlines]
        return {
            ".".join(place): value
            for place, value in _leaves(found, ())
            if any(_fits(place, pattern) for pattern in wanted) and isinstance(value, float)
        }


def _leaves(found: Measurement, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, name))
        else:
            yield (*place, name), value


def _fits(place: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(place) == len(pattern) and all(part in ("*", name) for name, part in zip(place, pattern, strict=True))
