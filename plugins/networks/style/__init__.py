"""StyleGAN2's networks (Karras et al. 2019, arXiv 1912.04958) for many image sizes."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.style.generator import StyleGenerator
from gan_run.plugins.networks.style.trunk import StyleTrunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [StyleGenerator, StyleTrunk]
