"""Heads: what tells real from fake by a trunk's features."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.heads.patch import Patch
from gan_run.plugins.networks.heads.projection import Projection


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Linear, Patch, Projection]
