"""Gradient penalties: penalties on the gradient of D's logits with respect to images."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.penalties.gradient_penalty import Dragan, GradientPenalty
from gan_run.plugins.losses.penalties.r1_r2 import R1, R2


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Dragan, GradientPenalty, R1, R2]
