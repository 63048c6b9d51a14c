"""The networks of InfoGAN, layer by layer as in the paper (Chen et al. 2016, arXiv 1606.03657, appendix C), and
those of InfoGAN-CR for sprites."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.infogan_networks.chairs import InfoGANChairsGenerator, InfoGANChairsTrunk
from gan_run.plugins.networks.infogan_networks.faces import InfoGANFacesGenerator, InfoGANFacesTrunk
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistGenerator, InfoGANMnistTrunk
from gan_run.plugins.networks.infogan_networks.sprites import InfoGANSpritesGenerator, InfoGANSpritesTrunk
from gan_run.plugins.networks.infogan_networks.thirty_two import InfoGAN32Generator, InfoGAN32Trunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [
        InfoGAN32Generator,
        InfoGAN32Trunk,
        InfoGANChairsGenerator,
        InfoGANChairsTrunk,
        InfoGANFacesGenerator,
        InfoGANFacesTrunk,
        InfoGANMnistGenerator,
        InfoGANMnistTrunk,
        InfoGANSpritesGenerator,
        InfoGANSpritesTrunk,
    ]
