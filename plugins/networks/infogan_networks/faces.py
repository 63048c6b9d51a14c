"""Generator and trunk for the 3D faces, 32x32 (after appendix C.4).

The layers follow the description of appendix C.4; they were not checked against the paper's own table.
"""

from typing import Literal

from gan_run.plugins.networks.infogan_networks.two_convolutions import TwoConvolutionGenerator, TwoConvolutionTrunk


class InfoGANFacesGenerator(TwoConvolutionGenerator):
    """FC 1024, FC 8*8*128, 4x4 transposed convolutions to 64 channels and to the image; batch norm and ReLU between;
    sigmoid."""

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"


class InfoGANFacesTrunk(TwoConvolutionTrunk):
    """4x4 convolutions to 64 and 128 channels with stride 2, FC 1024; batch norm but for the first; leaky ReLU.

    D and Q share all but their last layer (`hidden: null` in the information term).
    """

    size = 32
    type: Literal["infogan-faces"] = "infogan-faces"
