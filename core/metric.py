"""A metric: numbers about a trained model, measured on data it names."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from gan_run.core.component import Component
from gan_run.core.data import Splits

if TYPE_CHECKING:
    from gan_run.core.model import Model

Measured = float | int | str | None
Measurement = Mapping[str, "Measured | Measurement | list[Measured]"]
"""What a metric found, ready for JSON: numbers by name, nested where that reads better."""


class Metric(Component):
    """The declaration of a metric."""

    kind: ClassVar[str] = "metric"
    every: int | None = Field(default=None, ge=1, description="Also measure at every so many steps, not only the end.")

    @abstractmethod
    def measure(self, model: "Model", data: Splits) -> Measurement:
        """Measure. Randomness is torch's global stream, which the engine has seeded."""
