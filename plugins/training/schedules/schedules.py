"""Constant, linear and cosine."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import Problem, Schedule, SpecView, Train


class Constant(Schedule):
    """Always `value`; a plain number says the same."""

    type: Literal["constant"] = "constant"
    value: float = Field(description="At every step.")

    def at(self, step: int, steps: int) -> float:
        return self.value


class _Ramp(Schedule, ABC):
    """From `start` to `end` between two steps; before and after it stays."""

    start: float = Field(description="Its value until `from_step`.")
    end: float = Field(description="Its value from `to_step` on.")
    from_step: int = Field(default=0, ge=0, description="Where it begins to change.")
    to_step: int | None = Field(default=None, ge=1, description="Where `end` is reached; null: the run's end.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        last = spec.part(Train, "train").steps if self.to_step is None else self.to_step
        if self.from_step >= last:
            yield Problem(("from_step",), f"{self.from_step} is not before the schedule's end, step {last}")

    @abstractmethod
    def progress(self, share: float) -> float:
        """How much of the way is gone after this share of the time; both in [0, 1]."""

    def at(self, step: int, steps: int) -> float:
        last = steps if self.to_step is None else self.to_step
        share = (step - self.from_step) / max(last - self.from_step, 1)
        return self.start + (self.end - self.start) * self.progress(min(max(share, 0.0), 1.0))


class LinearSchedule(_Ramp):
    """A straight line."""

    type: Literal["linear"] = "linear"

    def progress(self, share: float) -> float:
        return share


class Cosine(_Ramp):
    """Half a cosine (Loshchilov & Hutter 2016, arXiv 1608.03983, without restarts)."""

    type: Literal["cosine"] = "cosine"

    def progress(self, share: float) -> float:
        return (1 - math.cos(math.pi * share)) / 2
