"""Semi-supervised InfoGAN (Spurr et al. 2017, arXiv 1707.04487)."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.ss_infogan.loss import SSInfoGAN


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [SSInfoGAN]
