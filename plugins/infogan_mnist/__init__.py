"""The MNIST networks of InfoGAN (Chen et al. 2016, arXiv 1606.03657, appendix C.1)."""

from gan_run import Component, hookimpl
from gan_run.plugins.infogan_mnist.networks import InfoGANMnistGenerator, InfoGANMnistTrunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [InfoGANMnistGenerator, InfoGANMnistTrunk]
