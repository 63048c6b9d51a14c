"""Artifacts: a grid of samples, a traversal of each code, reconstructions of real images."""

from gan_run import Component, hookimpl
from gan_run.plugins.pictures.standard.reconstructions import Reconstructions
from gan_run.plugins.pictures.standard.samples import Samples
from gan_run.plugins.pictures.standard.traversal import Traversal


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Reconstructions, Samples, Traversal]
