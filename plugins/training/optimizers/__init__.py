"""Optimisers."""

from gan_run import Component, hookimpl
from gan_run.plugins.training.optimizers.adam import Adam, AdamW
from gan_run.plugins.training.optimizers.rmsprop import RMSprop


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Adam, AdamW, RMSprop]
