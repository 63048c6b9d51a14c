import pytest
import torch
from torch import Tensor, nn

from gan_run import DataInfo, Features, ImageShape, LatentContext, LatentSpace, TrunkModule
from gan_run.plugins.infogan_mnist.networks import InfoGANMnistGenerator, InfoGANMnistTrunk
from gan_run.plugins.latents.categorical import Categorical
from gan_run.plugins.latents.uniform import Uniform

MNIST = ImageShape(1, 28, 28)
CONTEXT = LatentContext(DataInfo(MNIST, {"train": 1}))
PAPERS = LatentSpace(
    {
        "z": Uniform(count=62).module(CONTEXT),
        "category": Categorical(classes=10).module(CONTEXT),
        "c1": Uniform().module(CONTEXT),
        "c2": Uniform().module(CONTEXT),
    }
)


@pytest.fixture(scope="module")
def generator() -> nn.Module:
    torch.manual_seed(0)
    return InfoGANMnistGenerator().build(PAPERS, MNIST)


@pytest.fixture(scope="module")
def trunk() -> TrunkModule:
    torch.manual_seed(0)
    return InfoGANMnistTrunk().build(MNIST)


@pytest.fixture
def narrow_generator() -> nn.Module:
    return InfoGANMnistGenerator(width=0.05).build(PAPERS, MNIST)


def leaves(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if not list(layer.children())]


def counts(network: nn.Module) -> list[int]:
    """Parameters of every layer that has any."""
    found = [sum(p.numel() for p in layer.parameters()) for layer in leaves(network)]
    return [count for count in found if count]


def test_the_generator_has_the_papers_parameters(generator: nn.Module) -> None:
    assert PAPERS.width == 74
    assert counts(generator) == [
        74 * 1024 + 1024,  # FC 1024
        2 * 1024,  # batch norm
        1024 * 7 * 7 * 128 + 7 * 7 * 128,  # FC 7*7*128
        2 * 7 * 7 * 128,
        128 * 4 * 4 * 64 + 64,  # 4x4 upconv 64
        2 * 64,
        64 * 4 * 4 * 1 + 1,  # 4x4 upconv 1
    ]


def test_the_trunk_has_the_papers_parameters(trunk: TrunkModule) -> None:
    assert counts(trunk) == [
        1 * 4 * 4 * 64 + 64,  # 4x4 conv 64, without batch norm
        64 * 4 * 4 * 128 + 128,  # 4x4 conv 128
        2 * 128,
        128 * 7 * 7 * 1024 + 1024,  # FC 1024
        2 * 1024,
    ]
    assert trunk.features == 1024


def test_weights_are_drawn_with_deviation_0_02_and_gains_around_one(generator: nn.Module, trunk: TrunkModule) -> None:
    for layer in (*leaves(generator), *leaves(trunk)):
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d)):
            is_norm = isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))
            count = layer.weight.numel()
            # Five standard errors of the mean and of the deviation.
            assert abs(layer.weight.mean().item() - is_norm) < 5 * 0.02 / count**0.5
            assert abs(layer.weight.std().item() - 0.02) < 5 * 0.02 / (2 * count) ** 0.5
            assert layer.bias is not None
            assert not layer.bias.any()


def test_batch_norms_have_the_original_codes_epsilon(generator: nn.Module, trunk: TrunkModule) -> None:
    norms = [x for x in (*leaves(generator), *leaves(trunk)) if isinstance(x, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert [norm.eps for norm in norms] == [1e-5] * 5


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_go_from_latents_to_images_to_features(n: int, channels: int) -> None:
    image = ImageShape(channels, 28, 28)
    images = InfoGANMnistGenerator(width=0.05).build(PAPERS, image)(PAPERS.embed(PAPERS.sample(n)))
    assert images.shape == (n, channels, 28, 28)
    trunk = InfoGANMnistTrunk(width=0.05).build(image)
    features = trunk(images)
    assert isinstance(features, Features)
    assert features.vector.shape == (n, trunk.features) == (n, 51)
    assert [tuple(level.shape) for level in features.maps] == [(n, 3, 14, 14), (n, 6, 7, 7)]


def last_convolution(network: nn.Module) -> nn.ConvTranspose2d:
    found = [layer for layer in leaves(network) if isinstance(layer, nn.ConvTranspose2d)][-1]
    nn.init.zeros_(found.weight)
    return found


@pytest.mark.parametrize(("before", "after"), [(-100.0, -1.0), (0.0, 0.0), (100.0, 1.0)])
def test_the_sigmoid_is_rescaled_to_our_range(narrow_generator: nn.Module, before: float, after: float) -> None:
    bias = last_convolution(narrow_generator).bias
    assert bias is not None
    nn.init.constant_(bias, before)
    images = narrow_generator(PAPERS.embed(PAPERS.sample(2)))
    torch.testing.assert_close(images, torch.full_like(images, after))


def test_images_lie_in_our_range(narrow_generator: nn.Module) -> None:
    for parameter in narrow_generator.parameters():
        nn.init.normal_(parameter)
    images = narrow_generator(PAPERS.embed(PAPERS.sample(8)))
    assert images.min() >= -1
    assert images.max() <= 1
    assert images.min() < -0.5 < 0.5 < images.max()


@pytest.mark.parametrize(("declared", "slope"), [({}, 0.1), ({"slope": 0.01}, 0.01), ({"slope": 0.0}, 0.0)])
def test_negative_activations_are_multiplied_by_the_slope(declared: dict[str, float], slope: float) -> None:
    # The first convolution has no bias yet, so that the negative of an image has the negatives of its activations.
    trunk = InfoGANMnistTrunk.model_validate({"width": 0.05, **declared}).build(MNIST)
    images = torch.randn(2, 1, 28, 28)
    there, back = trunk(images).maps[0], trunk(-images).maps[0]
    positive = there > 0
    assert 0.2 < positive.float().mean() < 0.8
    torch.testing.assert_close(back[positive], -slope * there[positive])
    activations = [x for x in leaves(trunk) if isinstance(x, nn.LeakyReLU)]
    assert [x(torch.tensor(-1.0)).item() for x in activations] == pytest.approx([-slope] * 3)


def test_width_scales_every_layer() -> None:
    half = InfoGANMnistTrunk(width=0.5).build(MNIST)
    assert counts(half) == [16 * 32 + 32, 32 * 16 * 64 + 64, 2 * 64, 64 * 49 * 512 + 512, 2 * 512]
    assert half.features == 512


@pytest.mark.parametrize("declared", [InfoGANMnistGenerator(), InfoGANMnistTrunk()])
@pytest.mark.parametrize("size", [(32, 32), (28, 32), (14, 28)])
def test_other_sizes_are_a_problem_that_points_to_dcgan(
    declared: InfoGANMnistGenerator | InfoGANMnistTrunk, size: tuple[int, int]
) -> None:
    data = DataInfo(ImageShape(1, *size), {"train": 1})
    (problem,) = declared.check_data(None, data)  # type: ignore[arg-type]  # needs nothing of the spec
    assert problem.place == ("type",)
    assert f"{size[0]}x{size[1]}" in problem.message
    assert "dcgan" in problem.message


@pytest.mark.parametrize("declared", [InfoGANMnistGenerator(), InfoGANMnistTrunk()])
@pytest.mark.parametrize("channels", [1, 3])
def test_28x28_is_no_problem(declared: InfoGANMnistGenerator | InfoGANMnistTrunk, channels: int) -> None:
    data = DataInfo(ImageShape(channels, 28, 28), {"train": 1})
    assert not list(declared.check_data(None, data))  # type: ignore[arg-type]  # needs nothing of the spec


def gradients(network: nn.Module, output: Tensor) -> bool:
    found = torch.autograd.grad(output.square().sum(), list(network.parameters()), allow_unused=True)
    return all(gradient is not None for gradient in found)


def test_every_parameter_is_used(narrow_generator: nn.Module) -> None:
    assert gradients(narrow_generator, narrow_generator(PAPERS.embed(PAPERS.sample(2))))
    trunk = InfoGANMnistTrunk(width=0.05).build(MNIST)
    assert gradients(trunk, trunk(torch.randn(2, 1, 28, 28)).vector)
