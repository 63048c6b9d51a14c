"""All alarms together."""

from typing import Literal

from pydantic import Field

from gan_run import Callback, DeclaredCallback
from gan_run.plugins.training.alarms.alarm import Alarm, Watch
from gan_run.plugins.training.alarms.code import CodeAlarm
from gan_run.plugins.training.alarms.collapse import CollapseAlarm
from gan_run.plugins.training.alarms.divergence import DivergenceAlarm
from gan_run.plugins.training.alarms.hidden_code import HiddenCodeAlarm
from gan_run.plugins.training.alarms.saturation import SaturationAlarm


class Alarms(DeclaredCallback):
    """Says in one sentence when training goes wrong: in the terminal, in alarms.jsonl and to other callbacks.

    It does not change the run. Each field is one alarm, with its thresholds; null switches it off.
    """

    type: Literal["alarms"] = "alarms"
    collapse: CollapseAlarm | None = Field(default=CollapseAlarm(), description="Samples that are all alike.")
    saturation: SaturationAlarm | None = Field(
        default=SaturationAlarm(), description="A discriminator that has nothing left to learn."
    )
    divergence: DivergenceAlarm | None = Field(
        default=DivergenceAlarm(), description="Gradients that grow without end: NaN is near."
    )
    code: CodeAlarm | None = Field(default=CodeAlarm(), description="Codes that images do not show.")
    hidden_code: HiddenCodeAlarm | None = Field(
        default=HiddenCodeAlarm(), description="Codes that are read from images that look the same."
    )

    @property
    def on(self) -> list[Alarm]:
        """The alarms that are switched on."""
        every = (self.collapse, self.saturation, self.divergence, self.code, self.hidden_code)
        return [alarm for alarm in every if alarm is not None]

    def build(self) -> Callback:
        return Watch(self.on)
