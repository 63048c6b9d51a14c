"""Pictures of a model: a grid of samples, and a traversal of each code."""

from gan_run import Component, hookimpl
from gan_run.plugins.pictures.standard.samples import Samples
from gan_run.plugins.pictures.standard.traversal import Traversal


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Samples, Traversal]
