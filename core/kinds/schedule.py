"""Numbers that change during training."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Discriminator, Tag

from gan_run.core.kinds.component import Component


class Schedule(Component):
    """A number as a function of the step."""

    kind: ClassVar[str] = "schedule"

    @abstractmethod
    def at(self, step: int, steps: int) -> float:
        """Its value at `step` (from 0) of a run of `steps` steps."""


def _tag(value: object) -> str:
    return "schedule" if isinstance(value, (Mapping, Schedule)) else "number"


Scheduled = Annotated[
    Annotated[float, Tag("number")] | Annotated[Schedule, Tag("schedule")],
    Discriminator(_tag),
]
"""A field that takes a number or a schedule."""


def value_at(scheduled: float | Schedule, step: int, steps: int) -> float:
    """The number that a `Scheduled` field stands for at `step` of `steps`."""
    return scheduled.at(step, steps) if isinstance(scheduled, Schedule) else scheduled
