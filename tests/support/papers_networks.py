"""The networks of the InfoGAN paper, as its appendix C and the original code have them, and those of InfoGAN-CR."""

from typing import NamedTuple

import pytest
from torch import Tensor, nn

from gan_run import DataInfo, ImageShape, Latent, LatentContext, LatentSpace
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.infogan_networks.chairs import InfoGANChairsGenerator, InfoGANChairsTrunk
from gan_run.plugins.networks.infogan_networks.faces import InfoGANFacesGenerator, InfoGANFacesTrunk
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistGenerator, InfoGANMnistTrunk
from gan_run.plugins.networks.infogan_networks.sprites import InfoGANSpritesGenerator, InfoGANSpritesTrunk
from gan_run.plugins.networks.infogan_networks.thirty_two import InfoGAN32Generator, InfoGAN32Trunk


class Paper(NamedTuple):
    """One of the paper's experiments, with the parameters of each layer worked out by hand from its table."""

    generator: type[
        InfoGANMnistGenerator
        | InfoGAN32Generator
        | InfoGANFacesGenerator
        | InfoGANChairsGenerator
        | InfoGANSpritesGenerator
    ]
    trunk: type[InfoGANMnistTrunk | InfoGAN32Trunk | InfoGANFacesTrunk | InfoGANChairsTrunk | InfoGANSpritesTrunk]
    image: ImageShape
    latents: dict[str, Latent]
    generator_counts: list[int]
    trunk_counts: list[int]
    features: int
    maps: list[tuple[int, int]]
    """Channels and side of each."""


PAPERS = {
    "mnist": Paper(
        InfoGANMnistGenerator,
        InfoGANMnistTrunk,
        ImageShape(1, 28, 28),
        {"z": Uniform(count=62), "category": Categorical(classes=10), "c": Uniform(count=2)},
        [
            74 * 1024 + 1024,  # FC 1024
            2 * 1024,  # batch norm
            1024 * 7 * 7 * 128 + 7 * 7 * 128,  # FC 7*7*128
            2 * 7 * 7 * 128,
            128 * 4 * 4 * 64 + 64,  # 4x4 upconv 64
            2 * 64,
            64 * 4 * 4 * 1 + 1,  # 4x4 upconv 1
        ],
        [
            1 * 4 * 4 * 64 + 64,  # 4x4 conv 64, without batch norm
            64 * 4 * 4 * 128 + 128,  # 4x4 conv 128
            2 * 128,
            128 * 7 * 7 * 1024 + 1024,  # FC 1024
            2 * 1024,
        ],
        1024,
        [(64, 14), (128, 7)],
    ),
    "svhn": Paper(
        InfoGAN32Generator,
        InfoGAN32Trunk,
        ImageShape(3, 32, 32),
        {"z": Uniform(count=124), "digits": Categorical(classes=10, count=4), "c": Uniform(count=4)},
        [
            168 * 2 * 2 * 448 + 2 * 2 * 448,  # FC 2*2*448
            2 * 2 * 2 * 448,  # batch norm
            448 * 4 * 4 * 256 + 256,  # 4x4 upconv 256
            2 * 256,
            256 * 4 * 4 * 128 + 128,  # 4x4 upconv 128, without batch norm from here on
            128 * 4 * 4 * 64 + 64,  # 4x4 upconv 64
            64 * 4 * 4 * 3 + 3,  # 4x4 upconv 3
        ],
        [
            3 * 4 * 4 * 64 + 64,  # 4x4 conv 64, without batch norm
            64 * 4 * 4 * 128 + 128,  # 4x4 conv 128
            2 * 128,
            128 * 4 * 4 * 256 + 256,  # 4x4 conv 256
            2 * 256,
        ],
        4 * 4 * 256,
        [(64, 16), (128, 8), (256, 4)],
    ),
    "faces": Paper(
        InfoGANFacesGenerator,
        InfoGANFacesTrunk,
        ImageShape(1, 32, 32),
        {"z": Uniform(count=128), "c": Uniform(count=5)},
        [
            133 * 1024 + 1024,  # FC 1024
            2 * 1024,  # batch norm
            1024 * 8 * 8 * 128 + 8 * 8 * 128,  # FC 8*8*128
            2 * 8 * 8 * 128,
            128 * 4 * 4 * 64 + 64,  # 4x4 upconv 64
            2 * 64,
            64 * 4 * 4 * 1 + 1,  # 4x4 upconv 1
        ],
        [
            1 * 4 * 4 * 64 + 64,  # 4x4 conv 64, without batch norm
            64 * 4 * 4 * 128 + 128,  # 4x4 conv 128
            2 * 128,
            128 * 8 * 8 * 1024 + 1024,  # FC 1024
            2 * 1024,
        ],
        1024,
        [(64, 16), (128, 8)],
    ),
    "chairs": Paper(
        InfoGANChairsGenerator,
        InfoGANChairsTrunk,
        ImageShape(3, 64, 64),
        {"z": Uniform(count=128), "kind": Categorical(classes=20, count=3), "c": Uniform()},
        [
            189 * 1024 + 1024,  # FC 1024
            2 * 1024,  # batch norm
            1024 * 8 * 8 * 256 + 8 * 8 * 256,  # FC 8*8*256
            2 * 8 * 8 * 256,
            256 * 4 * 4 * 256 + 256,  # 4x4 upconv 256, stride 1
            2 * 256,
            256 * 4 * 4 * 256 + 256,  # again
            2 * 256,
            256 * 4 * 4 * 128 + 128,  # 4x4 upconv 128
            2 * 128,
            128 * 4 * 4 * 64 + 64,  # 4x4 upconv 64
            2 * 64,
            64 * 4 * 4 * 3 + 3,  # 4x4 upconv 3
        ],
        [
            3 * 4 * 4 * 64 + 64,  # 4x4 conv 64, without batch norm
            64 * 4 * 4 * 128 + 128,  # 4x4 conv 128
            2 * 128,
            128 * 4 * 4 * 256 + 256,  # 4x4 conv 256
            2 * 256,
            256 * 4 * 4 * 256 + 256,  # 4x4 conv 256, stride 1
            2 * 256,
            256 * 4 * 4 * 256 + 256,  # again
            2 * 256,
            256 * 8 * 8 * 1024 + 1024,  # FC 1024
            2 * 1024,
        ],
        1024,
        [(64, 32), (128, 16), (256, 8), (256, 8), (256, 8)],
    ),
    "sprites": Paper(
        InfoGANSpritesGenerator,
        InfoGANSpritesTrunk,
        ImageShape(1, 64, 64),
        {"z": Uniform(count=5), "c": Uniform(count=5)},
        [
            10 * 128 + 128,  # FC 128
            2 * 128,  # batch norm
            128 * 4 * 4 * 64 + 4 * 4 * 64,  # FC 4*4*64
            2 * 4 * 4 * 64,
            64 * 4 * 4 * 64 + 64,  # 4x4 upconv 64
            2 * 64,
            64 * 4 * 4 * 32 + 32,  # 4x4 upconv 32
            2 * 32,
            32 * 4 * 4 * 32 + 32,  # 4x4 upconv 32
            2 * 32,
            32 * 4 * 4 * 1 + 1,  # 4x4 upconv 1
        ],
        [
            1 * 4 * 4 * 32 + 32,  # 4x4 conv 32, all without norm
            32 * 4 * 4 * 32 + 32,  # 4x4 conv 32
            32 * 4 * 4 * 64 + 64,  # 4x4 conv 64
            64 * 4 * 4 * 64 + 64,  # 4x4 conv 64
            64 * 4 * 4 * 128 + 128,  # FC 128
        ],
        128,
        [(32, 32), (32, 16), (64, 8), (64, 4)],
    ),
}
PAPERS["celeba"] = PAPERS["svhn"]._replace(
    latents={"z": Uniform(count=128), "c": Categorical(classes=10, count=10)},
    generator_counts=[228 * 2 * 2 * 448 + 2 * 2 * 448, *PAPERS["svhn"].generator_counts[1:]],
)
INPUTS = {"mnist": 74, "svhn": 168, "celeba": 228, "faces": 133, "chairs": 189, "sprites": 10}
"""Widths of the generators' inputs in the papers."""

each_paper = pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
each_network = pytest.mark.parametrize("paper", [PAPERS[name] for name in ("mnist", "svhn", "faces", "chairs")])


def space(paper: Paper) -> LatentSpace:
    context = LatentContext(DataInfo(paper.image, {"train": 1}))
    return LatentSpace({name: latent.module(context) for name, latent in paper.latents.items()})


def narrow_generator(paper: Paper, image: ImageShape | None = None) -> nn.Module:
    return paper.generator(width=0.05).build(space(paper), image or paper.image)


def draw(paper: Paper, n: int) -> Tensor:
    latents = space(paper)
    return latents.embed(latents.sample(n))


def leaves(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if not list(layer.children())]


def counts(network: nn.Module) -> list[int]:
    """Parameters of every layer that has any."""
    found = [sum(p.numel() for p in layer.parameters()) for layer in leaves(network)]
    return [count for count in found if count]
