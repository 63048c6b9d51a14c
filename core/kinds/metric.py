"""A metric: numbers about a trained model, measured on data it names."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model

Measured = float | int | str | None
Measurement = Mapping[str, "Measured | Measurement | list[Measured]"]
"""What a metric found, ready for JSON: numbers by name, nested where that reads better."""


class Metric(Component):
    """The declaration of a metric."""

    kind: ClassVar[str] = "metric"
    headlines: ClassVar[tuple[str, ...]] = ("*",)
    """The numbers by which runs are compared, higher being better: places in what is found, `*` for any name."""
    every: int | None = Field(default=None, ge=1, description="Also measure at every so many steps, not only the end.")

    @abstractmethod
    def measure(self, model: Model, data: Splits) -> Measurement:
        """Measure. Randomness is torch's global stream, which the engine has seeded."""

    def headline(self, found: Measurement) -> Mapping[str, float]:
        """The fractional numbers at `headlines`, by place."""
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
