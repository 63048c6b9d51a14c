"""Generator and trunk for the 3D faces, 32x32 (appendix C.4).

Unlike the others, this table could not be read again: it is from memory.
"""

from typing import Literal

from gan_run.plugins.networks.infogan_networks.two_convolutions import TwoConvolutionGenerator, TwoConvolutionTrunk


class InfoGANFacesGenerator(TwoConvolutionGenerator):
    """FC 1024, FC 8*8*128, 4x4 up-convolutions to 64 and to the image; batch norm and ReLU between; sigmoid. The
    paper's table is given from memory."""

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"


class InfoGANFacesTrunk(TwoConvolutionTrunk):
    """4x4 convolutions to 64 and 128 with stride 2, FC 1024; batch norm but on the first; leaky ReLU. D and Q share all
    but their last layer (`hidden: null` in the information term). The paper's table is given from memory."""

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"
