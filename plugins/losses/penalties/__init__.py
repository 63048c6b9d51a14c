"""Penalties on the norm of the gradient of a logit with respect to its image."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.penalties.one_centred import Dragan, GradientPenalty
from gan_run.plugins.losses.penalties.zero_centred import R1, R2


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Dragan, GradientPenalty, R1, R2]
