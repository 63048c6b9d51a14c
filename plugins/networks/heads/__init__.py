"""Heads: the last layers of a discriminator, from a trunk's features to logits."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.heads.joint import Joint
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.heads.patch import Patch
from gan_run.plugins.networks.heads.projection import Projection


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Joint, Linear, Patch, Projection]
