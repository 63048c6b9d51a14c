"""Codes that are read from images that look the same."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from gan_run.plugins.training.alarms.alarm import LastingAlarm
from gan_run.plugins.training.alarms.code import read_codes
from gan_run.plugins.training.alarms.history import History
from gan_run.plugins.training.alarms.probe import Probe


class HiddenCodeAlarm(LastingAlarm):
    """Rings where Q recovers a code although images that differ in it alone look the same.

    The generator then writes the code into differences that Q sees and no eye does: the bound on the information is
    high, and the code means nothing.
    """

    title: ClassVar[str] = "hidden-code"
    type: Literal["hidden-code-alarm"] = "hidden-code-alarm"
    least: float = Field(
        default=2.5,
        gt=0,
        description="The smallest difference of two images that differ in the code alone which can be seen, root mean "
        "squared over pixels, in grey levels of 255: 2.5 is a contrast of 1%, about the least that eyes notice. Codes "
        "of GANs that work have 10 and more.",
    )
    recovered: float = Field(
        default=0.5, gt=0, le=1, description="The smallest recovery of a code that counts as recovered."
    )

    def read(self, probe: Probe) -> Iterator[tuple[str, Mapping[str, float]]]:
        for code in read_codes(probe.spec):
            effect = probe.effect(code)
            if effect is not None:
                yield f"{self.title}/{code}", {"recovery": probe.recovery(code), "effect": effect}

    def judge(self, name: str, history: History) -> str | None:
        since = self.wrong_since(
            history,
            lambda reading: reading.values["recovery"] >= self.recovered and reading.values["effect"] < self.least,
        )
        if since is None:
            return None
        code, last = name.removeprefix(f"{self.title}/"), history.last.values
        return (
            f"{code} is read from images that look the same: its recovery is {last['recovery']:.2f} of 1, and since "
            f"step {since} images that differ in it alone differ by less than {self.least:g} of 255 grey levels (now "
            f"{last['effect']:.2g}); try a smaller weight of the code's loss at the start, or augmentation of what Q "
            "reads (the loss's `augment`)"
        )
