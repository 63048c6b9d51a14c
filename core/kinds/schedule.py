"""Numbers that change during training."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Discriminator, Tag

from gan_run.core.base.errors import PluginError
from gan_run.core.kinds.component import Component


class Schedule(Component):
    """A number as a function of the training step, such as a decaying learning rate."""

    kind: ClassVar[str] = "schedule"

    @abstractmethod
    def at(self, step: int, steps: int) -> float:
        """The number at one step. It depends on the arguments alone, so that a resumed run continues alike.

        Args:
            step: Training step, from 0 to steps - 1.
            steps: Number of steps of the whole run (`train.steps`).

        Returns:
            A finite number.

        Example:
            type: Literal["halving"] = "halving"
            start: float = 1e-3

            def at(self, step: int, steps: int) -> float:
                return self.start * 0.5 ** (10 * step / steps)
        """


def _tag(value: object) -> str:
    return "schedule" if isinstance(value, (Mapping, Schedule)) else "number"


Scheduled = Annotated[
    Annotated[float, Tag("number")] | Annotated[Schedule, Tag("schedule")],
    Discriminator(_tag),
]
"""The type of a field that takes a number or a schedule: `0.001`, or `{"type": "linear", "start": 0.001, "end": 0}`.
`value_at` gives its number at a step."""


class Progress(NamedTuple):
    """How far training has come."""

    step: int
    """The step that is taken, from 0 to `steps` - 1."""
    steps: int
    """Number of steps of the whole run."""

    def value(self, scheduled: float | Schedule) -> float:
        """The number of a `Scheduled` field at this step.

        Args:
            scheduled: A number or a schedule.

        Returns:
            The number itself, or the schedule's value.
        """
        return value_at(scheduled, self.step, self.steps)


START = Progress(0, 1)
"""The first step of a run of one step."""


class FollowsProgress(ABC):
    """A module that depends on the step: a layer that fades in, a temperature, an augmentation whose probability rises.

    Any module of a game may derive from it besides nn.Module: of a generator, a trunk, a term, an augmentation.
    """

    @abstractmethod
    def before_step(self, progress: Progress) -> None:
        """Prepare for a step. Called before the first update of every step, outside of compiled code.

        Args:
            progress: The step. `progress.value(scheduled)` is the number of a scheduled field. Fill a buffer with it,
                which a checkpoint, the EMA and a compiled update follow; `fill_` waits for no device.

        Example:
            class FadeIn(nn.Module, FollowsProgress):
                def __init__(self) -> None:
                    super().__init__()
                    self.register_buffer("share", torch.zeros(()))

                def before_step(self, progress: Progress) -> None:
                    self.share.fill_(min(1.0, 2 * progress.step / progress.steps))
        """


CHECKED_STEPS = 200
"""At how many steps a schedule is looked at to find a value that it must not have."""


def wrong_value(scheduled: float | Schedule, steps: int, is_right: Callable[[float], bool]) -> str | None:
    """Look for a value that a `Scheduled` field must not have, for `Component.check`.

    Args:
        scheduled: A number or a schedule.
        steps: Number of steps of the whole run (`Train.steps`).
        is_right: Whether a finite number may be the value. No other number may.

    Returns:
        The first wrong value that was found, as text, with the step if it is that of a schedule: "-1 at step 500".
    """
    if not isinstance(scheduled, Schedule):
        return None if math.isfinite(scheduled) and is_right(scheduled) else f"{scheduled:g}"
    last = steps - 1
    for step in sorted({last * point // CHECKED_STEPS for point in range(CHECKED_STEPS + 1)}):
        try:
            value = scheduled.at(step, steps)
        except PluginError:  # one that is not installed, in the spec of a model that is loaded
            return None
        if not isinstance(value, int | float):  # a bug of the schedule, which the first step names
            return None
        if not (math.isfinite(value) and is_right(value)):
            return f"{value:g} at step {step}"
    return None


def value_at(scheduled: float | Schedule, step: int, steps: int) -> float:
    """The number of a `Scheduled` field at one step.

    Args:
        scheduled: A number or a schedule.
        step: Training step, from 0 to steps - 1.
        steps: Number of steps of the whole run.

    Returns:
        The number itself, or the schedule's value at `step`.
    """
    return scheduled.at(step, steps) if isinstance(scheduled, Schedule) else scheduled
