import math

import pytest
import torch
from torch import nn

from gan_run import DataInfo, ImageShape, LatentContext, LatentSpace, upsampling_plan_of
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.r3gan.layers import Downsample, ResidualBlock, Upsample
from gan_run.plugins.networks.r3gan.networks import R3GANGenerator, R3GANTrunk

CONTEXT = LatentContext(DataInfo(ImageShape(1, 8, 8), {"train": 1}))
LATENTS = LatentSpace({"z": Uniform(count=5).module(CONTEXT)})
SIZES = pytest.mark.parametrize("size", [12, 28, 32, 64])


def counts(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def block(channels: int, wide: int) -> int:
    """By hand: out, 3x3 in groups of eight channels of the block, and back without biases."""
    groups = channels // 8
    return (channels * wide + wide) + (wide * (wide // groups) * 9 + wide) + wide * channels


def test_at_32_it_is_the_papers_network_for_cifar_layer_by_layer() -> None:
    # Four sizes of 768 channels in 96 groups, two blocks each, twice as wide within.
    image = ImageShape(3, 32, 32)
    blocks = 4 * 2 * block(768, 1536)
    assert counts(R3GANGenerator().build(LATENTS, image)) == 768 * 16 + 5 * 768 + blocks + (768 * 3 + 3)
    assert counts(R3GANTrunk().build(image)) == (3 * 768 + 768) + blocks + 768 * 16


def test_at_256_channels_halve_from_768_at_32_to_96() -> None:
    declared = R3GANTrunk()
    assert declared.channels(ImageShape(3, 256, 256)) == [768, 768, 768, 768, 384, 192, 96]
    assert R3GANGenerator().channels(ImageShape(3, 64, 64)) == [768, 768, 768, 768, 384]
    assert R3GANTrunk(width=0.1).channels(ImageShape(3, 64, 64)) == [80, 80, 80, 80, 40]


@SIZES
def test_shapes_go_from_latents_to_images_to_features(size: int) -> None:
    image = ImageShape(3, size, size)
    images = R3GANGenerator(width=0.02).build(LATENTS, image)(LATENTS.embed(LATENTS.sample(2)))
    assert images.shape == (2, *image)
    assert images.abs().max() <= 1
    trunk = R3GANTrunk(width=0.02).build(image)
    features = trunk(images)
    assert features.vector.shape == (2, trunk.features)
    assert tuple(level.shape[1] for level in features.maps) == trunk.map_channels
    assert features.maps[0].shape[2] == size


def test_a_block_begins_as_the_identity_with_the_variance_of_fixup_within() -> None:
    torch.manual_seed(0)
    made = ResidualBlock(64, expansion=2, depth=8)
    maps = torch.randn(2, 64, 5, 5)
    assert torch.equal(made(maps), maps)
    gain = math.sqrt(2 / 1.04) * 8 ** (-1 / 4)
    assert made.widen.weight.std().item() == pytest.approx(gain / math.sqrt(64), rel=0.05)
    assert made.mix.weight.std().item() == pytest.approx(gain / math.sqrt(16 * 9), rel=0.05)


def test_doubling_interpolates_between_neighbours_and_halving_blurs_them() -> None:
    row = torch.tensor([1.0, 3.0, 7.0, 5.0])
    maps = row.expand(1, 2, 4, 4)
    twice = Upsample(2, 2)(maps)
    assert twice.shape == (1, 2, 8, 8)
    # Between its neighbours 1, 3, 7, 5 in each row; rows beyond the edge are zero.
    assert twice[0, 0, 3].tolist() == [1, 2, 3, 5, 7, 6, 5, 2.5]
    half = Downsample(2, 2)(maps)
    assert half.shape == (1, 2, 2, 2)
    # (2 * 1 + 3) / 4, where the left neighbour is beyond the edge, and (3 + 2 * 7 + 5) / 4.
    assert half[0, 0, 1].tolist() == [1.25, 5.5]


def test_each_image_is_seen_by_itself() -> None:
    trunk = R3GANTrunk(width=0.02).build(ImageShape(1, 28, 28))
    images = torch.randn(3, 1, 28, 28)
    torch.testing.assert_close(trunk(images).vector[:1], trunk(images[:1]).vector, atol=1e-4, rtol=1e-4)
    assert not R3GANTrunk().uses_batch_statistics()


def test_gradients_reach_every_parameter_once_the_blocks_have_begun() -> None:
    torch.manual_seed(0)
    trunk = R3GANTrunk(width=0.02).build(ImageShape(1, 12, 12))
    for made in trunk.modules():
        if isinstance(made, ResidualBlock):
            nn.init.normal_(made.narrow.weight)
    images = torch.randn(2, 1, 12, 12, requires_grad=True)
    vector = trunk(images).vector
    assert all(found.any() for found in torch.autograd.grad(vector.sum(), trunk.parameters(), retain_graph=True))
    (slope,) = torch.autograd.grad(vector.sum(), images, create_graph=True)
    again = torch.autograd.grad(slope.square().sum(), list(trunk.parameters()), allow_unused=True)
    unreached = [name for (name, _), found in zip(trunk.named_parameters(), again, strict=True) if found is None]
    assert not [name for name in unreached if not name.endswith("bias")]


@pytest.mark.parametrize("declared", [R3GANGenerator(), R3GANTrunk()], ids=["generator", "trunk"])
def test_a_size_that_cannot_be_reached_is_refused(declared: R3GANGenerator | R3GANTrunk) -> None:
    (problem,) = declared.check_data(None, DataInfo(ImageShape(1, 4, 100), {"train": 1}))  # type: ignore[arg-type]
    assert "no r3gan for 4x100" in problem.message


@pytest.mark.parametrize("size", [(20, 12), (9, 14), (48, 32)])
def test_rectangles_go_from_latents_to_images_to_features(size: tuple[int, int]) -> None:
    image = ImageShape(4, *size)
    images = R3GANGenerator(width=0.02).build(LATENTS, image)(LATENTS.embed(LATENTS.sample(2)))
    assert images.shape == (2, *image)
    trunk = R3GANTrunk(width=0.02).build(image)
    features = trunk(images)
    assert features.vector.shape == (2, trunk.features)
    assert [level.shape[2:] for level in features.maps] == upsampling_plan_of(image).sizes()[::-1]


def test_a_rectangle_has_the_channels_of_the_square_with_as_many_pixels() -> None:
    # 128x512 has the pixels of 256x256, and 4x16 those of 8x8.
    assert R3GANTrunk().channels(ImageShape(3, 128, 512))[-3:] == [384, 192, 96]
    assert R3GANTrunk().channels(ImageShape(3, 512, 128))[-3:] == [384, 192, 96]
