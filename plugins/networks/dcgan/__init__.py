"""DCGAN's networks (Radford et al. 2015, arXiv 1511.06434) for many image sizes."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.dcgan.networks import DCGANGenerator, DCGANTrunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [DCGANGenerator, DCGANTrunk]
