"""The auxiliary classifier GAN (Odena et al. 2017, arXiv 1610.09585)."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.acgan.loss import ACGAN


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [ACGAN]
