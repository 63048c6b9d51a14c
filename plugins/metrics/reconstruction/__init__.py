"""The error of images that a model reconstructs from the codes of real ones."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.reconstruction.metric import Reconstruction


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Reconstruction]
