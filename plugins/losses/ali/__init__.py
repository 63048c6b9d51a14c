"""Adversarially learned inference: an encoder of the noise, trained by the game itself."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.ali.loss import ALI


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [ALI]
