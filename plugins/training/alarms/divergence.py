"""Gradients that grow without end."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from statistics import median
from typing import ClassVar, Literal

from pydantic import Field

from gan_run.plugins.training.alarms.alarm import Alarm
from gan_run.plugins.training.alarms.history import History
from gan_run.plugins.training.alarms.probe import Probe

FEWEST = 5
"""Readings from which on their median says what is usual."""


class DivergenceAlarm(Alarm):
    """Rings where the norm of a player's gradient is far above its median so far, and larger at each check.

    Losses and weights become NaN next. A norm that only jumps, or returns to what it was at the start, is no alarm.
    The norm is that before `train.clip` is applied.
    """

    title: ClassVar[str] = "divergence"
    type: Literal["divergence-alarm"] = "divergence-alarm"
    factor: float = Field(
        default=100.0,
        gt=1,
        description="How many times its median a norm must be. Norms of GANs that work vary by a factor of ten.",
    )
    rising: int = Field(
        default=3, ge=2, description="Checks in a row at which it must have been that large and rising."
    )

    def read(self, probe: Probe) -> Iterator[tuple[str, Mapping[str, float]]]:
        for player, norm in probe.diagnostics.gradient_norms.items():
            yield f"{self.title}/{player}", {"norm": norm}

    def judge(self, name: str, history: History) -> str | None:
        norms = [norm for norm in history.column("norm") if norm]  # 0 while the weights of a player's losses are 0
        before, recent = norms[: -self.rising], norms[-self.rising :]
        if len(before) < FEWEST:
            return None
        usual = median(before)
        rises = all(one < next_one for one, next_one in pairwise([max(before), *recent]))
        if not rises or recent[0] <= self.factor * usual:
            return None
        player = name.removeprefix(f"{self.title}/")
        return (
            f"the gradient of the {player} grows without end and NaN is near: its norm is {recent[-1]:.3g}, "
            f"{recent[-1] / usual:.3g} times its median so far, and rose at each of the last {self.rising} checks; try "
            "lower learning rates, train.clip, a penalty (r1, gradient-penalty) or spectral_norm for D, or another "
            "precision if it is fp16"
        )
