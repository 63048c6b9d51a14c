"""What InfoGAN-CR's networks for sprites have of their own; their parameters are with those of the other papers."""

import torch
from torch import nn

from papers_networks import PAPERS, draw, leaves, narrow_generator, space

SPRITES = PAPERS["sprites"]


def test_in_the_generator_norms_follow_activations() -> None:
    network = SPRITES.generator().build(space(SPRITES), SPRITES.image)
    kinds = [type(layer).__mro__ for layer in leaves(network)]
    up = [nn.ConvTranspose2d, nn.LeakyReLU, nn.BatchNorm2d]
    expected = [*[nn.Linear, nn.ReLU, nn.BatchNorm1d] * 2, nn.Unflatten, *up * 3, nn.ConvTranspose2d]
    assert all(kind in found for kind, found in zip(expected, kinds[:-1], strict=True))


def test_images_are_in_our_range_and_of_the_papers_size() -> None:
    network = narrow_generator(SPRITES)
    images = network(draw(SPRITES, 3))
    assert images.shape == (3, *SPRITES.image)
    assert images.abs().max() <= 1
    last = leaves(network)[-2]
    assert isinstance(last, nn.ConvTranspose2d)
    assert last.bias is not None
    nn.init.constant_(last.bias, -100.0)
    torch.testing.assert_close(network(draw(SPRITES, 2)), torch.full((2, *SPRITES.image), -1.0))


def test_the_trunk_has_the_papers_slope_and_maps_and_no_norm() -> None:
    declared = SPRITES.trunk()
    trunk = declared.build(SPRITES.image)
    maps = trunk(torch.randn(2, *SPRITES.image)).maps
    assert [tuple(level.shape) for level in maps] == [(2, c, side, side) for c, side in SPRITES.maps]
    assert {layer.negative_slope for layer in leaves(trunk) if isinstance(layer, nn.LeakyReLU)} == {0.2}
    assert not declared.uses_batch_statistics()
