"""InfoGAN-CR's networks for sprites: the parameters of each layer worked out by hand, their order, the range."""

import torch
from torch import nn

from gan_run import DataInfo, ImageShape, LatentContext, LatentSpace
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.infogan_networks.sprites import InfoGANSpritesGenerator, InfoGANSpritesTrunk
from papers_networks import counts, leaves

IMAGE = ImageShape(1, 64, 64)


def space() -> LatentSpace:
    context = LatentContext(DataInfo(IMAGE, {"train": 1}))
    return LatentSpace({name: Uniform(count=5).module(context) for name in ("z", "c")})


def test_the_generator_has_the_papers_layers() -> None:
    network = InfoGANSpritesGenerator().build(space(), IMAGE)
    assert counts(network) == [
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
    ]
    kinds = [type(layer).__mro__ for layer in leaves(network)]
    up = [nn.ConvTranspose2d, nn.LeakyReLU, nn.BatchNorm2d]
    expected = [*[nn.Linear, nn.ReLU, nn.BatchNorm1d] * 2, nn.Unflatten, *up * 3, nn.ConvTranspose2d]
    assert all(kind in found for kind, found in zip(expected, kinds[:-1], strict=True))


def test_images_are_in_our_range_and_of_the_papers_size() -> None:
    latents = space()
    network = InfoGANSpritesGenerator(width=0.1).build(latents, IMAGE)
    images = network(latents.embed(latents.sample(3)))
    assert images.shape == (3, *IMAGE)
    assert images.abs().max() <= 1
    last = leaves(network)[-2]
    assert isinstance(last, nn.ConvTranspose2d)
    assert last.bias is not None
    nn.init.constant_(last.bias, -100.0)
    torch.testing.assert_close(network(latents.embed(latents.sample(2))), torch.full((2, *IMAGE), -1.0))


def test_the_trunk_has_the_papers_layers_and_no_norm() -> None:
    trunk = InfoGANSpritesTrunk().build(IMAGE)
    assert counts(trunk) == [
        1 * 4 * 4 * 32 + 32,  # 4x4 conv 32
        32 * 4 * 4 * 32 + 32,  # 4x4 conv 32
        32 * 4 * 4 * 64 + 64,  # 4x4 conv 64
        64 * 4 * 4 * 64 + 64,  # 4x4 conv 64
        64 * 4 * 4 * 128 + 128,  # FC 128
    ]
    features = trunk(torch.randn(2, *IMAGE))
    assert features.vector.shape == (2, 128)
    assert [tuple(level.shape) for level in features.maps] == [
        (2, 32, 32, 32), (2, 32, 16, 16), (2, 64, 8, 8), (2, 64, 4, 4)
    ]  # fmt: skip
    slopes = {layer.negative_slope for layer in leaves(trunk) if isinstance(layer, nn.LeakyReLU)}
    assert slopes == {0.2}
    assert not InfoGANSpritesTrunk().uses_batch_statistics()
