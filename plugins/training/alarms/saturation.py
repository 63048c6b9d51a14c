"""A discriminator that has nothing left to learn."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from gan_run.plugins.training.alarms.alarm import LastingAlarm
from gan_run.plugins.training.alarms.history import History
from gan_run.plugins.training.alarms.probe import Probe


class SaturationAlarm(LastingAlarm):
    """Rings where D tells real and generated images apart so well that its loss is flat.

    It looks at the derivative of D's objective with respect to its logits (`Diagnostics.discriminator_slope`), so it
    needs no knowledge of the loss: it falls to 0 with the minimax, non-saturating, hinge, least-squares and
    relativistic losses. The Wasserstein loss is linear and never saturates in this sense: a large margin is what it
    asks for, and the alarm stays quiet.
    """

    title: ClassVar[str] = "saturation"
    type: Literal["saturation-alarm"] = "saturation-alarm"
    least: float = Field(
        default=0.01,
        gt=0,
        le=1,
        description="The smallest slope of D's loss that is not wrong, as a share of the slope where D cannot tell "
        "images apart. With the non-saturating loss 0.01 means that D is mistaken by 0.5% on the average image.",
    )

    def read(self, probe: Probe) -> Iterator[tuple[str, Mapping[str, float]]]:
        slope = probe.diagnostics.discriminator_slope
        if slope is not None:
            yield self.title, {"slope": slope}

    def judge(self, name: str, history: History) -> str | None:
        since = self.wrong_since(history, lambda reading: reading.values["slope"] < self.least)
        if since is None:
            return None
        return (
            f"D has saturated: since step {since} the slope of its loss has been below {self.least:.1%} of what it is "
            f"where D cannot tell images apart (now {history.last.values['slope']:.2%}), so it tells G little; try a "
            "lower learning rate or fewer updates of D, r1 or spectral_norm, or augmentation of D if there are few "
            "images"
        )
