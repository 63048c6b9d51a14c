import pytest
import torch
from torch import nn

from gan_run import DataInfo, Features, ImageShape, LatentContext, LatentSpace, Norm, upsampling_plan_of
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.dcgan.networks import DCGANGenerator, DCGANTrunk

CONTEXT = LatentContext(DataInfo(ImageShape(1, 8, 8), {"train": 1}))
LATENTS = LatentSpace({"z": Uniform(count=3).module(CONTEXT), "k": Categorical(classes=4).module(CONTEXT)})
SIZES = pytest.mark.parametrize("size", [6, 8, 10, 14, 28, 32, 48, 64, 96])
RECTANGLES = pytest.mark.parametrize("size", [(5, 5), (9, 9), (36, 36), (20, 12), (32, 64), (13, 30), (218, 178)])
EITHER = pytest.mark.parametrize("declared", [DCGANGenerator(), DCGANTrunk()], ids=["generator", "trunk"])


def leaves(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if not list(layer.children())]


@SIZES
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_go_from_latents_to_images_to_features(size: int, channels: int) -> None:
    image = ImageShape(channels, size, size)
    images = DCGANGenerator(width=0.05).build(LATENTS, image)(LATENTS.embed(LATENTS.sample(2)))
    assert images.shape == (2, channels, size, size)
    assert images.abs().max() <= 1
    trunk = DCGANTrunk(width=0.05).build(image)
    features = trunk(images)
    assert isinstance(features, Features)
    assert features.vector.shape == (2, trunk.features)
    assert [level.shape[1] for level in features.maps] == list(trunk.map_channels)
    assert [level.shape[2:] for level in features.maps] == upsampling_plan_of(image).sizes()[-2::-1]
    assert torch.equal(features.vector, features.maps[-1].flatten(1))


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_an_image_is_seen_by_itself_unless_batch_norm_couples_it_with_the_others(norm: Norm) -> None:
    declared = DCGANTrunk(width=0.1, norm=norm)
    trunk = declared.build(ImageShape(1, 16, 16))
    images = torch.randn(3, 1, 16, 16)
    alone = trunk(torch.cat([images[:1], torch.randn(2, 1, 16, 16)])).vector[0]
    assert torch.allclose(trunk(images).vector[0], alone, atol=1e-6) is not declared.uses_batch_statistics()
    kinds = {"batch": nn.BatchNorm2d, "layer": nn.GroupNorm, "none": ()}
    for level, stage in enumerate(trunk.get_submodule("stages").children()):
        normed = any(isinstance(layer, (nn.BatchNorm2d, nn.GroupNorm)) for layer in stage.modules())
        assert normed is (level > 0 and norm != "none")
        assert all(isinstance(layer, kinds[norm]) for layer in stage.modules() if "Norm" in type(layer).__name__)


def test_channels_double_from_64_to_eight_times_that() -> None:
    image = ImageShape(3, 128, 128)
    trunk = DCGANTrunk().build(image)
    down = [layer.out_channels for layer in leaves(trunk) if isinstance(layer, nn.Conv2d)]
    assert down == [64, 128, 256, 512, 512]
    assert trunk.features == 512 * 4 * 4
    generator = DCGANGenerator().build(LATENTS, image)
    up = [
        (layer.in_channels, layer.out_channels) for layer in leaves(generator) if isinstance(layer, nn.ConvTranspose2d)
    ]
    assert up == [(512, 512), (512, 256), (256, 128), (128, 64), (64, 3)]


def test_the_parameters_at_64_worked_by_hand() -> None:
    def counts(network: nn.Module) -> list[int]:
        found = [sum(p.numel() for p in layer.parameters()) for layer in leaves(network)]
        return [count for count in found if count]

    image = ImageShape(3, 64, 64)
    assert counts(DCGANTrunk().build(image)) == [
        3 * 16 * 64 + 64,  # without batch norm
        *(64 * 16 * 128 + 128, 2 * 128),
        *(128 * 16 * 256 + 256, 2 * 256),
        *(256 * 16 * 512 + 512, 2 * 512),
    ]
    assert counts(DCGANGenerator().build(LATENTS, image)) == [
        *(7 * 512 * 16 + 512 * 16, 2 * 512),
        *(512 * 16 * 256 + 256, 2 * 256),
        *(256 * 16 * 128 + 128, 2 * 128),
        *(128 * 16 * 64 + 64, 2 * 64),
        64 * 16 * 3 + 3,
    ]


@EITHER
@pytest.mark.parametrize("size", [(4, 4), (4, 64), (64, 3)])
def test_a_side_of_fewer_than_5_pixels_is_a_problem(
    declared: DCGANGenerator | DCGANTrunk, size: tuple[int, int]
) -> None:
    data = DataInfo(ImageShape(3, *size), {"train": 1})
    (problem,) = declared.check_data(None, data)  # type: ignore[arg-type]  # needs nothing of the spec
    assert problem.place == ("type",)
    assert f"no dcgan for {size[0]}x{size[1]}" in problem.message
    assert "each side needs at least 5 pixels" in problem.message


@EITHER
@RECTANGLES
def test_a_size_that_can_be_made_is_no_problem(declared: DCGANGenerator | DCGANTrunk, size: tuple[int, int]) -> None:
    data = DataInfo(ImageShape(3, *size), {"train": 1})
    assert not list(declared.check_data(None, data))  # type: ignore[arg-type]  # needs nothing of the spec


@RECTANGLES
def test_other_sizes_are_the_centre_of_the_next_size_up(size: tuple[int, int]) -> None:
    image = ImageShape(2, *size)
    whole = ImageShape(2, *upsampling_plan_of(image).sizes()[-1])
    torch.manual_seed(0)
    generator, trunk = DCGANGenerator(width=0.05).build(LATENTS, image), DCGANTrunk(width=0.05).build(image)
    torch.manual_seed(0)
    larger, its_trunk = DCGANGenerator(width=0.05).build(LATENTS, whole), DCGANTrunk(width=0.05).build(whole)
    embedded = LATENTS.embed(LATENTS.sample(2))
    images, uncropped = generator(embedded), larger(embedded)
    top, left = (whole.height - image.height) // 2, (whole.width - image.width) // 2
    inside = (slice(None), slice(None), slice(top, top + image.height), slice(left, left + image.width))
    assert torch.equal(images, uncropped[inside])
    framed = torch.zeros_like(uncropped)
    framed[inside] = images
    assert torch.equal(trunk(images).vector, its_trunk(framed).vector)


def test_weights_are_drawn_as_in_dcgan() -> None:
    torch.manual_seed(0)
    image = ImageShape(3, 32, 32)
    for network in (DCGANTrunk(width=0.5).build(image), DCGANGenerator(width=0.5).build(LATENTS, image)):
        for layer in leaves(network):
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                assert abs(layer.weight.std().item() - 0.02) < 5 * 0.02 / (2 * layer.weight.numel()) ** 0.5
                assert layer.bias is not None
                assert not layer.bias.any()


@pytest.mark.parametrize(("declared", "slope"), [({}, 0.2), ({"slope": 0.05}, 0.05)])
def test_negative_activations_are_multiplied_by_the_slope(declared: dict[str, float], slope: float) -> None:
    # The first convolution has no bias yet, so that the negative of an image has the negatives of its activations.
    trunk = DCGANTrunk.model_validate({"width": 0.1, **declared}).build(ImageShape(1, 12, 12))
    images = torch.randn(2, 1, 12, 12)
    there, back = trunk(images).maps[0], trunk(-images).maps[0]
    positive = there > 0
    assert 0.2 < positive.float().mean() < 0.8
    torch.testing.assert_close(back[positive], -slope * there[positive])


@SIZES
def test_a_batch_of_one_trains(size: int) -> None:
    image = ImageShape(1, size, size)
    generator, trunk = DCGANGenerator(width=0.05).build(LATENTS, image), DCGANTrunk(width=0.05).build(image)
    vector = trunk(generator(LATENTS.embed(LATENTS.sample(1)))).vector
    parameters = [*generator.parameters(), *trunk.parameters()]
    gradients = torch.autograd.grad(vector.square().sum(), parameters)
    assert vector.shape[0] == 1
    assert all(gradient.isfinite().all() for gradient in gradients)
