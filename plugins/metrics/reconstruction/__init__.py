"""How well a model reconstructs real images from their codes."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.reconstruction.artifact import Reconstructions
from gan_run.plugins.metrics.reconstruction.metric import Reconstruction


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Reconstruction, Reconstructions]
