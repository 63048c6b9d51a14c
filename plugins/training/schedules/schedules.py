"""Constant, linear and cosine schedules."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import Problem, Schedule, SpecView, Train


class Constant(Schedule):
    """A constant `value`; a plain number in a spec means the same."""

    type: Literal["constant"] = "constant"
    value: float = Field(description="The value at every step.")

    def at(self, step: int, steps: int) -> float:
        return self.value


class _Ramp(Schedule, ABC):
    """From `start` to `end` between two steps, constant before and after."""

    start: float = Field(description="The value up to `from_step`.")
    end: float = Field(description="The value from `to_step` on.")
    from_step: int = Field(default=0, ge=0, description="The step at which the change begins.")
    to_step: int | None = Field(
        default=None, ge=1, description="The step at which `end` is reached; null: the last step of the run."
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        last = spec.part(Train, "train").steps if self.to_step is None else self.to_step
        if self.from_step >= last:
            yield Problem(("from_step",), f"{self.from_step} is not before the schedule's end, step {last}")

    @abstractmethod
    def progress(self, share: float) -> float:
        """The fraction of the way from start to end after this fraction of the steps; both in [0, 1]."""

    def at(self, step: int, steps: int) -> float:
        last = steps if self.to_step is None else self.to_step
        share = (step - self.from_step) / max(last - self.from_step, 1)
        return self.start + (self.end - self.start) * self.progress(min(max(share, 0.0), 1.0))


class LinearSchedule(_Ramp):
    """A linear ramp."""

    type: Literal["linear"] = "linear"

    def progress(self, share: float) -> float:
        return share


class Cosine(_Ramp):
    """Cosine annealing without restarts (Loshchilov & Hutter 2016, arXiv 1608.03983)."""

    type: Literal["cosine"] = "cosine"

    def progress(self, share: float) -> float:
        return (1 - math.cos(math.pi * share)) / 2
