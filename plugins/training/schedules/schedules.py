"""Constant, linear and cosine schedules."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import Problem, Schedule, SpecView, Train


class Constant(Schedule):
    """Always `value`, like a plain number."""

    type: Literal["constant"] = "constant"
    value: float = Field(description="The value at every step.")

    def at(self, step: int, steps: int) -> float:
        return self.value


class _Ramp(Schedule, ABC):
    """A value that goes from `start` to `end` between two steps and is constant before and after."""

    start: float = Field(description="The value until `from_step`.")
    end: float = Field(description="The value from `to_step` on.")
    from_step: int = Field(default=0, ge=0, description="The step at which the value starts to change.")
    to_step: int | None = Field(
        default=None, ge=1, description="The step at which `end` is reached; null for the last step of the run."
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        last = spec.part(Train, "train").steps if self.to_step is None else self.to_step
        if self.from_step >= last:
            yield Problem(("from_step",), f"{self.from_step} is not before the schedule's end, step {last}")

    @abstractmethod
    def progress(self, share: float) -> float:
        """The share of the way from `start` to `end`.

        Args:
            share: The share of the steps from `from_step` to `to_step` that are done, in [0, 1].

        Returns:
            A number in [0, 1]; 0 at 0 and 1 at 1.
        """

    def at(self, step: int, steps: int) -> float:
        last = steps if self.to_step is None else self.to_step
        share = (step - self.from_step) / max(last - self.from_step, 1)
        return self.start + (self.end - self.start) * self.progress(min(max(share, 0.0), 1.0))


class LinearSchedule(_Ramp):
    """Linear interpolation."""

    type: Literal["linear"] = "linear"

    def progress(self, share: float) -> float:
        return share


class Cosine(_Ramp):
    """A half period of a cosine (Loshchilov & Hutter 2016, arXiv 1608.03983, without restarts)."""

    type: Literal["cosine"] = "cosine"

    def progress(self, share: float) -> float:
        return (1 - math.cos(math.pi * share)) / 2
