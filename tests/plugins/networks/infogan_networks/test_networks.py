import re

import pytest
import torch
from torch import Tensor, nn

from gan_run import DataInfo, Features, Generator, ImageShape, Norm, Trunk
from gan_run.plugins.networks.infogan_networks.layers import same_block, same_up_block
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistTrunk
from gan_run.registry.plugins import Registry
from papers_networks import (
    INPUTS,
    PAPERS,
    Paper,
    counts,
    draw,
    each_network,
    each_paper,
    leaves,
    narrow_generator,
    space,
)


@pytest.mark.parametrize("name", PAPERS)
def test_the_generators_input_is_as_wide_as_the_papers(name: str) -> None:
    assert space(PAPERS[name]).width == INPUTS[name]


@each_paper
def test_the_generator_has_the_papers_parameters(paper: Paper) -> None:
    assert counts(paper.generator().build(space(paper), paper.image)) == paper.generator_counts


@each_paper
def test_the_trunk_has_the_papers_parameters(paper: Paper) -> None:
    trunk = paper.trunk().build(paper.image)
    assert counts(trunk) == paper.trunk_counts
    assert trunk.features == paper.features


@each_network
def test_maps_are_those_of_the_papers_convolutions(paper: Paper) -> None:
    trunk = paper.trunk().build(paper.image)
    features = trunk(torch.randn(2, *paper.image))
    assert features.vector.shape == (2, paper.features)
    assert [tuple(level.shape) for level in features.maps] == [(2, c, side, side) for c, side in paper.maps]
    assert trunk.map_channels == tuple(level.shape[1] for level in features.maps)


@each_network
def test_weights_are_drawn_with_deviation_0_02_and_gains_around_one(paper: Paper) -> None:
    torch.manual_seed(0)
    networks = paper.generator().build(space(paper), paper.image), paper.trunk().build(paper.image)
    for layer in (*leaves(networks[0]), *leaves(networks[1])):
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d)):
            is_norm = isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))
            count = layer.weight.numel()
            # Five standard errors of the mean and of the deviation.
            assert abs(layer.weight.mean().item() - is_norm) < 5 * 0.02 / count**0.5
            assert abs(layer.weight.std().item() - 0.02) < 5 * 0.02 / (2 * count) ** 0.5
            assert layer.bias is not None
            assert not layer.bias.any()


@each_network
def test_batch_norms_have_the_original_codes_epsilon(paper: Paper) -> None:
    networks = narrow_generator(paper), paper.trunk(width=0.05).build(paper.image)
    layers = (*leaves(networks[0]), *leaves(networks[1]))
    norms = [layer for layer in layers if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert {norm.eps for norm in norms} == {1e-5}


@each_network
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_go_from_latents_to_images_to_features(paper: Paper, n: int, channels: int) -> None:
    image = ImageShape(channels, paper.image.height, paper.image.width)
    images = narrow_generator(paper, image)(draw(paper, n))
    assert images.shape == (n, *image)
    trunk = paper.trunk(width=0.05).build(image)
    features = trunk(images)
    assert isinstance(features, Features)
    assert features.vector.shape == (n, trunk.features)


def last_convolution(network: nn.Module) -> nn.ConvTranspose2d:
    found = [layer for layer in leaves(network) if isinstance(layer, nn.ConvTranspose2d)][-1]
    nn.init.zeros_(found.weight)
    return found


@each_network
@pytest.mark.parametrize(("before", "after"), [(-100.0, -1.0), (0.0, 0.0), (100.0, 1.0)])
def test_sigmoid_and_tanh_end_in_our_range(paper: Paper, before: float, after: float) -> None:
    generator = narrow_generator(paper)
    bias = last_convolution(generator).bias
    assert bias is not None
    nn.init.constant_(bias, before)
    images = generator(draw(paper, 2))
    torch.testing.assert_close(images, torch.full_like(images, after))


@pytest.mark.parametrize(("name", "at_one"), [("mnist", 2 / (1 + 2.718281828**-1) - 1), ("svhn", 0.7615942)])
def test_the_photos_end_in_a_tanh_and_the_others_in_a_sigmoid(name: str, at_one: float) -> None:
    generator = narrow_generator(PAPERS[name])
    bias = last_convolution(generator).bias
    assert bias is not None
    nn.init.ones_(bias)
    images = generator(draw(PAPERS[name], 2))
    torch.testing.assert_close(images, torch.full_like(images, at_one))


@each_network
@pytest.mark.parametrize(("declared", "slope"), [({}, 0.1), ({"slope": 0.01}, 0.01), ({"slope": 0.0}, 0.0)])
def test_negative_activations_are_multiplied_by_the_slope(
    paper: Paper, declared: dict[str, float], slope: float
) -> None:
    # The first convolution has no bias yet, so that the negative of an image has the negatives of its activations.
    trunk = paper.trunk.model_validate({"width": 0.05, **declared}).build(paper.image)
    images = torch.randn(2, *paper.image)
    there, back = trunk(images).maps[0], trunk(-images).maps[0]
    positive = there > 0
    assert 0.2 < positive.float().mean() < 0.8
    torch.testing.assert_close(back[positive], -slope * there[positive])
    activations = [x for x in leaves(trunk) if isinstance(x, nn.LeakyReLU)]
    assert [x(torch.tensor(-1.0)).item() for x in activations] == pytest.approx([-slope] * len(activations))


def test_width_scales_every_layer() -> None:
    half = InfoGANMnistTrunk(width=0.5).build(ImageShape(1, 28, 28))
    assert counts(half) == [16 * 32 + 32, 32 * 16 * 64 + 64, 2 * 64, 64 * 49 * 512 + 512, 2 * 512]
    assert half.features == 512


def declarations(paper: Paper) -> tuple[Generator, Trunk]:
    return paper.generator(), paper.trunk()


@each_network
@pytest.mark.parametrize("change", [(4, 4), (0, 4), (-14, 0)])
def test_other_sizes_are_a_problem_that_names_networks_which_take_them(
    paper: Paper, change: tuple[int, int], registry: Registry
) -> None:
    height, width = paper.image.height + change[0], paper.image.width + change[1]
    data = DataInfo(ImageShape(1, height, width), {"train": 1})
    for declared in declarations(paper):
        (problem,) = declared.check_data(None, data)  # type: ignore[arg-type]  # needs nothing of the spec
        assert problem.place == ("type",)
        assert f"{height}x{width}" in problem.message
        others = [
            name for name in registry.catalogue.names(declared.kind) if re.search(rf"\b{name}\b", problem.message)
        ]
        assert others == ["dcgan", "mlp", "r3gan", "sn-resnet"]
        for name in others:
            other = registry.catalogue.find(declared.kind, name)()
            assert not list(other.check_data(None, data))  # type: ignore[arg-type]  # needs nothing of the spec


@each_network
@pytest.mark.parametrize("channels", [1, 3])
def test_the_papers_size_is_no_problem(paper: Paper, channels: int) -> None:
    data = DataInfo(ImageShape(channels, paper.image.height, paper.image.width), {"train": 1})
    for declared in declarations(paper):
        assert not list(declared.check_data(None, data))  # type: ignore[arg-type]  # needs nothing of the spec


def gradients(network: nn.Module, output: Tensor) -> bool:
    found = torch.autograd.grad(output.square().sum(), list(network.parameters()), allow_unused=True)
    return all(gradient is not None for gradient in found)


@each_network
def test_every_parameter_is_used(paper: Paper) -> None:
    generator = narrow_generator(paper)
    assert gradients(generator, generator(draw(paper, 2)))
    trunk = paper.trunk(width=0.05).build(paper.image)
    assert gradients(trunk, trunk(torch.randn(2, *paper.image)).vector)


@each_network
@pytest.mark.parametrize("norm", ["layer", "none"])
def test_without_batch_norm_each_image_is_seen_by_itself(paper: Paper, norm: Norm) -> None:
    declared = paper.trunk(width=0.05, norm=norm)
    assert not declared.uses_batch_statistics()
    assert paper.trunk(width=0.05).uses_batch_statistics()
    trunk = declared.build(paper.image)
    images = torch.randn(3, *paper.image)
    alone = trunk(torch.cat([images[:1], torch.randn(2, *paper.image)])).vector[0]
    torch.testing.assert_close(trunk(images).vector[0], alone)
    assert gradients(trunk, trunk(images).vector)
    counts = [sum(v.numel() for v in layer.parameters(recurse=False)) for layer in trunk.modules()]
    weightless = paper.trunk(width=0.05, norm="none").build(paper.image)
    normed = sum(counts) - sum(v.numel() for v in weightless.parameters())
    assert (normed > 0) is (norm == "layer")


def test_the_up_convolution_that_keeps_the_size_is_the_transpose_of_the_convolution_that_does() -> None:
    down, up = same_block(2, 3, 0.1, "batch")[0].double(), same_up_block(3, 2)[0].double()
    assert isinstance(down, nn.Sequential)
    assert isinstance(up, nn.Sequential)
    convolution, transposed = down[1], up[0]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(transposed, nn.ConvTranspose2d)
    with torch.no_grad():
        transposed.weight.copy_(convolution.weight)
        for layer in (convolution, transposed):
            assert layer.bias is not None
            layer.bias.zero_()
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64)
    y = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    # <A x, y> == <x, A' y> is what a transpose is.
    torch.testing.assert_close((down(x) * y).sum(), (x * up(y)).sum())
