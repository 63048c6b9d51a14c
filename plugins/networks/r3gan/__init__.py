"""R3GAN's networks (Huang et al. 2024, arXiv 2501.05441, section 4): residual blocks without any normalisation."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.r3gan.networks import R3GANGenerator, R3GANTrunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [R3GANGenerator, R3GANTrunk]
