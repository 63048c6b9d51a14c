"""Codes that images do not show."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from gan_run import Loss, Progress, Schedule, Spec
from gan_run.plugins.training.alarms.alarm import LastingAlarm
from gan_run.plugins.training.alarms.history import History
from gan_run.plugins.training.alarms.probe import Probe

SCHEDULE_POINTS = 100
"""Steps at which a scheduled weight is looked at to find its largest value."""


class CodeAlarm(LastingAlarm):
    """Rings where the recovery of a code stays low after the weight of the loss that reads it has come up.

    The recovery is measured on samples, with batch norms as in training: the recovered share of the entropy of a
    discrete code, R2 of a continuous one, the mean over the copies of a code with several. Codes whose encoder is part
    of the game itself (`ali`) are left out.
    """

    title: ClassVar[str] = "code"
    type: Literal["code-alarm"] = "code-alarm"
    least: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="The smallest recovery that is not wrong: an encoder that guesses has 0, and a code that images "
        "show at all has more than 0.2 soon.",
    )
    least_weight: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of its largest value from now on that the loss's weight must have before anything counts.",
    )
    share: float = Field(
        default=0.2, ge=0, lt=1, description="How long it must have been wrong, as a share of the steps taken so far."
    )

    def read(self, probe: Probe) -> Iterator[tuple[str, Mapping[str, float]]]:
        for code, loss in read_codes(probe.spec).items():
            weight = share_of_weight(loss, probe.progress)
            yield f"{self.title}/{code}", {"recovery": probe.recovery(code), "weight": weight}

    def judge(self, name: str, history: History) -> str | None:
        since = self.wrong_since(
            history,
            lambda reading: reading.values["recovery"] < self.least and reading.values["weight"] >= self.least_weight,
        )
        if since is None:
            return None
        code = name.removeprefix(f"{self.title}/")
        return (
            f"{code} does not show in the images: since step {since} its recovery has been below {self.least:g} "
            f"(now {history.last.values['recovery']:.2f} of 1); try a larger weight of this code or of its loss, "
            "fewer codes, or a higher learning rate of the player that trains Q"
        )


def read_codes(spec: Spec) -> dict[str, Loss]:
    """The codes that a loss reads off generated images, each with its loss."""
    return {code: loss for loss in spec.losses for code in loss.encodes() if code not in loss.observes()}


def share_of_weight(loss: Loss, progress: Progress) -> float:
    """A loss's weight as a share of its largest from this step to the end; 1 if the weight is constant.

    A weight that rises has come up where the share is near 1. One that starts high and falls has a share of 1 from the
    first step, and keeps it.
    """
    if not isinstance(loss.weight, Schedule):
        return 1.0
    left = max(progress.steps - 1 - progress.step, 0)
    points = {progress.step + left * point // SCHEDULE_POINTS for point in range(SCHEDULE_POINTS + 1)}
    largest = max(abs(Progress(point, progress.steps).value(loss.weight)) for point in points)
    return abs(progress.value(loss.weight)) / largest if largest else 0.0
