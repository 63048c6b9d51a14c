"""The generator `volume`: what a code turns, and specs that it refuses."""

import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from gan_run import DataInfo, ImageShape, LatentContext, LatentSpace, SpecError
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.networks.volume.generator import VolumeGenerator
from gan_run.testing.game import small_spec

CONTEXT = LatentContext(DataInfo(ImageShape(1, 8, 8), {"train": 1}))
LATENTS = LatentSpace({"turn": Circular().module(CONTEXT), "z": Gaussian(count=3).module(CONTEXT)})
SMALL = VolumeGenerator(turn="turn", width=0.02, grid=16)


def rendered(declared: VolumeGenerator, image: ImageShape, degrees: float) -> Tensor:
    """Images of two objects, each turned by `degrees`."""
    torch.manual_seed(0)
    network = declared.build(LATENTS, image).eval()
    values = {"z": torch.randn(2, 3), "turn": torch.full((2,), math.radians(degrees))}
    images = network(LATENTS.embed(values))
    assert isinstance(images, Tensor)
    return images


@pytest.mark.parametrize("image", [ImageShape(1, 8, 8), ImageShape(3, 28, 28), ImageShape(3, 20, 12)])
def test_images_have_the_shape_of_the_data_and_the_corners_show_the_background(image: ImageShape) -> None:
    for background in (0.0, 0.75):
        images = rendered(SMALL.model_copy(update={"background": background}), image, 40)
        assert images.shape == (2, *image)
        corner = images[:, :, 0, 0]
        torch.testing.assert_close(corner, torch.full_like(corner, 2 * background - 1), atol=0.1, rtol=0)


def test_half_a_turn_shows_the_mirror_image_of_the_outline() -> None:
    # Without colour an orthographic view from behind is the mirrored view from the front.
    declared = SMALL.model_copy(update={"depth": 16})
    torch.manual_seed(0)
    network = declared.build(LATENTS, ImageShape(1, 16, 16)).eval()
    network.tint.bias.data.fill_(-50.0)  # black
    network.network[-1].weight.data[:, 0] *= 3000.0  # no ball any more
    z = torch.randn(2, 3)
    front, behind = (
        network(LATENTS.embed({"z": z, "turn": torch.full((2,), angle)})) for angle in (0.4, 0.4 + math.pi)
    )
    assert (front - front.flip(-1)).abs().max() > 0.1
    torch.testing.assert_close(behind, front.flip(-1), atol=1e-4, rtol=0)


def test_the_elevation_of_the_camera_changes_what_is_seen() -> None:
    images = [rendered(SMALL.model_copy(update={"elevation": height}), ImageShape(1, 16, 16), 30) for height in (0, 60)]
    assert not torch.equal(*images)


@pytest.mark.parametrize("degrees", [0, 60, 90, 180])
def test_with_shading_the_side_that_a_point_is_seen_from_changes_its_brightness(degrees: float) -> None:
    declared = SMALL.model_copy(update={"shading": True, "background": 0.5})
    torch.manual_seed(0)
    network = declared.build(LATENTS, ImageShape(1, 9, 9)).eval()
    network.network[-1].weight.data.zero_()
    network.network[-1].bias.data[:] = torch.tensor([0.0, 0.0, 0.5, 0.0])  # a ball, gray, brighter from the front
    network.tint.weight.data.zero_()
    image = network(LATENTS.embed({"z": torch.randn(1, 3), "turn": torch.tensor([math.radians(degrees)])}))
    assert image[0, 0, 4, 4].item() == pytest.approx(math.tanh(0.5 * math.cos(math.radians(degrees))), abs=0.01)


def test_an_angle_is_as_exact_under_bfloat16() -> None:
    torch.manual_seed(0)
    network = SMALL.build(LATENTS, ImageShape(1, 16, 16)).eval()
    values = {"z": torch.randn(1, 3).expand(2, 3), "turn": torch.tensor([1.0, 1.001])}
    with torch.autocast("cpu", torch.bfloat16):
        images = network(LATENTS.embed(values))
    assert images.dtype == torch.float32
    assert not torch.equal(images[0], images[1])


def test_a_name_that_no_latent_has_is_refused() -> None:
    with pytest.raises(SpecError, match=r"generator\.turn: no latent is called 'trun'; did you mean 'turn'"):
        small_spec(fields=fields_of({"turn": {"type": "circular"}, "z": {"type": "gaussian"}}, "trun"))


@pytest.mark.parametrize(
    ("latents", "problem"),
    [
        ({"c": {"type": "circular"}}, "at least one other latent must make the objects differ"),
        ({"z": {"type": "gaussian"}, "c": {"type": "uniform"}}, "'c' is not one angle: a latent of type circular is"),
        (
            {"z": {"type": "gaussian"}, "c": {"type": "circular", "count": 2}},
            "'c' is not one angle: a latent of type circular is",
        ),
    ],
)
def test_a_spec_without_an_angle_or_objects_is_refused(latents: Mapping[str, object], problem: str) -> None:
    spec = small_spec(fields=fields_of(latents, "c"))
    assert [str(each) for each in spec.data_problems(spec.data.describe())] == [f"generator.turn: {problem}"]


def fields_of(latents: Mapping[str, object], turn: str) -> Mapping[str, object]:
    return {"latents": latents, "generator": {"type": "volume", "turn": turn}}
