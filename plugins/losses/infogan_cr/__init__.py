"""InfoGAN-CR (Lin et al. 2020, arXiv 1906.06034)."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.infogan_cr.loss import InfoGANCR


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [InfoGANCR]
