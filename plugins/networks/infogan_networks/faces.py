"""Generator and trunk for the 3D faces, 32x32 (after appendix C.4).

The layer table was written down from memory and has not been compared with the paper; the other tables have.
"""

from typing import Literal

from gan_run.plugins.networks.infogan_networks.two_convolutions import TwoConvolutionGenerator, TwoConvolutionTrunk


class InfoGANFacesGenerator(TwoConvolutionGenerator):
    """FC 1024, FC 8*8*128, 4x4 transposed convolutions to 64 channels and to the image; batch norm and ReLU between;
    sigmoid. Written from memory of the paper's appendix C.4, not compared with it."""

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"


class InfoGANFacesTrunk(TwoConvolutionTrunk):
    """4x4 convolutions of stride 2 to 64 and 128 channels, FC 1024; batch norm on all but the first; leaky ReLU. D and
    Q share all but their last layer (`hidden: null` in `mutual-information`). Written from memory of the paper's
    appendix C.4, not compared with it."""

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"
