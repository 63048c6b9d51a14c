"""Callbacks: what follows a run."""

from gan_run import Component, hookimpl
from gan_run.plugins.training.callbacks.early_stopping import EarlyStopping


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [EarlyStopping]
