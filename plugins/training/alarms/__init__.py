"""Alarms: trouble that shows while a GAN trains."""

from gan_run import Component, hookimpl
from gan_run.plugins.training.alarms.alarms import Alarms
from gan_run.plugins.training.alarms.code import CodeAlarm
from gan_run.plugins.training.alarms.collapse import CollapseAlarm
from gan_run.plugins.training.alarms.divergence import DivergenceAlarm
from gan_run.plugins.training.alarms.hidden_code import HiddenCodeAlarm
from gan_run.plugins.training.alarms.saturation import SaturationAlarm


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Alarms, CodeAlarm, CollapseAlarm, DivergenceAlarm, HiddenCodeAlarm, SaturationAlarm]
