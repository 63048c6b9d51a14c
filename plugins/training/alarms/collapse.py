"""Samples that are all alike."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import ClassVar, Literal

from pydantic import Field

from gan_run.plugins.training.alarms.alarm import LastingAlarm
from gan_run.plugins.training.alarms.history import History
from gan_run.plugins.training.alarms.probe import Probe


class CollapseAlarm(LastingAlarm):
    """Rings where generated images have collapsed to nearly one picture.

    It compares the mean distance of two samples with that of two real images, root mean squared over pixels. It does
    not see a collapse to a few pictures that differ from each other.
    """

    title: ClassVar[str] = "collapse"
    type: Literal["collapse-alarm"] = "collapse-alarm"
    least: float = Field(
        default=0.15,
        gt=0,
        le=1,
        description="The smallest distance of two samples that is not wrong, as a share of that of two real images. "
        "Samples of a GAN that works have 0.7 to 1.1 of it; after a few hundred steps, 0.3.",
    )

    def read(self, probe: Probe) -> Iterator[tuple[str, Mapping[str, float]]]:
        if probe.data_distance:
            yield self.title, {"samples": probe.samples_distance, "data": probe.data_distance}

    def judge(self, name: str, history: History) -> str | None:
        data = median(history.column("data"))
        since = self.wrong_since(history, lambda reading: reading.values["samples"] < self.least * data)
        if since is None:
            return None
        share = history.last.values["samples"] / data
        return (
            f"the samples are nearly one picture: since step {since} two of them differ by less than {self.least:.0%} "
            f"of what two real images do (now {share:.1%}); try lower learning rates, r1 or spectral_norm for D, "
            "augmentation of D if there are few images, or a smaller start of the information term's weight"
        )
