"""How the exponential moving average (EMA) of the generator is declared."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.schedule import Progress, Schedule, Scheduled


class EMAInImages(Declaration):
    """An average whose decay follows from the number of images that training has seen, whatever the batch size.

    (Karras et al. 2020, arXiv 2006.06676, in the authors' code.)
    """

    half_life: Scheduled = Field(description="Real images in which the share of a weight in the average halves.")
    ramp_up: float | None = Field(
        default=0.05,
        gt=0,
        description="Largest half-life as a share of the images seen so far, so that the initial weights are soon "
        "forgotten; null for no limit.",
    )

    def decay(self, progress: Progress, batch_size: int, averaged: int = 0) -> float:
        """The decay of one step.

        Args:
            progress: The step.
            batch_size: Real images per step.
            averaged: As for `decay_at`.

        Returns:
            A number in [0, 1).
        """
        half_life = progress.value(self.half_life)
        if self.ramp_up is not None:
            half_life = min(half_life, _in_average(progress, averaged) * batch_size * self.ramp_up)
        return float(0.5 ** (batch_size / max(half_life, 1e-8)))


def _tag(value: object) -> str:
    if isinstance(value, EMAInImages) or (isinstance(value, Mapping) and "type" not in value):
        return "images"
    return "scheduled"


EMADecay = Annotated[
    Annotated[Scheduled, Tag("scheduled")] | Annotated[EMAInImages, Tag("images")],
    Discriminator(_tag),
]
"""The type of `train.ema`: a decay, a schedule of decays, or `{"half_life": 10000}` in images."""


def decay_at(ema: float | Schedule | EMAInImages, progress: Progress, batch_size: int, averaged: int = 0) -> float:
    """The decay of one step.

    A decay that is a number or a schedule is at most (1 + t) / (10 + t) when t steps are in the average, so that the
    initial weights are soon forgotten.

    Args:
        ema: What `train.ema` declares.
        progress: The step.
        batch_size: Real images per step.
        averaged: The number of updates of the average so far. It is greater than the number of steps where the average
            of another run was taken, which is not to be forgotten.

    Returns:
        A number in [0, 1).
    """
    if isinstance(ema, EMAInImages):
        return ema.decay(progress, batch_size, averaged)
    steps = _in_average(progress, averaged)
    return min(progress.value(ema), (1 + steps) / (10 + steps))


def _in_average(progress: Progress, averaged: int) -> int:
    """The number of steps that are in the average."""
    # With train.init_from the average begins with one update that copies: it is of no step.
    return averaged if averaged > progress.step + 1 else progress.step
