"""Schedules: values that change during training."""

from gan_run import Component, hookimpl
from gan_run.plugins.training.schedules.schedules import Constant, Cosine, LinearSchedule


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Constant, Cosine, LinearSchedule]
