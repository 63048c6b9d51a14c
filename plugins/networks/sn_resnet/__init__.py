"""The residual networks of SNGAN (Miyato et al. 2018, arXiv 1802.05957), also used by cGANs with projection
discriminator and, in variants, by SAGAN and BigGAN."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.sn_resnet.generator import SNResNetGenerator
from gan_run.plugins.networks.sn_resnet.trunk import SNResNetTrunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [SNResNetGenerator, SNResNetTrunk]
