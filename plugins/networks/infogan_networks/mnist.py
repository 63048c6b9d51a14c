"""Generator and trunk for MNIST, 28x28 (appendix C.1)."""

from typing import Literal

from gan_run.plugins.networks.infogan_networks.two_convolutions import TwoConvolutionGenerator, TwoConvolutionTrunk


class InfoGANMnistGenerator(TwoConvolutionGenerator):
    """FC 1024, FC 7*7*128, 4x4 transposed convolutions to 64 channels and to the image; batch norm and ReLU between;
    sigmoid."""

    size = 28
    type: Literal["infogan-mnist"] = "infogan-mnist"


class InfoGANMnistTrunk(TwoConvolutionTrunk):
    """4x4 convolutions of stride 2 to 64 and 128 channels, FC 1024; batch norm on all but the first; leaky ReLU."""

    size = 28
    type: Literal["infogan-mnist"] = "infogan-mnist"
