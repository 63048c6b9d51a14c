import math

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from gan_run import DataInfo, ImageShape
from gan_run.plugins.training.augmentations.strokes import Strokes

SHAPE = ImageShape(1, 12, 12)


def bar(n: int = 1) -> Tensor:
    """A bright bar, four pixels wide, on dark: (n, 1, 12, 12)."""
    images = torch.full((n, 1, 12, 12), -1.0)
    images[..., 4:8] = 1.0
    return images


def test_a_flat_image_worked_by_hand() -> None:
    # Blurring changes nothing of it.
    cut = Strokes(sharpness=2).build(SHAPE).cut(torch.full((2, 1, 12, 12), 0.5), torch.tensor([0.1, -0.3]))
    expected = [math.tanh(2 * (0.5 - 0.1)), math.tanh(2 * (0.5 + 0.3))]
    torch.testing.assert_close(cut, torch.tensor(expected).view(2, 1, 1, 1).expand(2, 1, 12, 12))


def test_an_edge_worked_by_hand() -> None:
    # A step from -1 to 1, blurred by weights proportional to exp(-d^2 / 2), d = -2 … 2: the pixel before the step sees
    # d = 1 and 2 of the bright side.
    image = torch.full((1, 1, 12, 12), -1.0)
    image[..., 6:] = 1.0
    weights = [math.exp(-(d**2) / 2) for d in range(-2, 3)]
    blurred = (weights[3] + weights[4] - weights[0] - weights[1] - weights[2]) / sum(weights)
    found = Strokes(blur=1.0, sharpness=1.0).build(SHAPE).cut(image, torch.zeros(1))[0, 0, 6, 5]
    assert found.item() == pytest.approx(math.tanh(blurred), abs=1e-6)


def test_the_higher_the_level_the_thinner_the_stroke() -> None:
    levels = torch.tensor([-0.8, -0.4, 0.0, 0.4, 0.8])
    bright = (Strokes().build(SHAPE).cut(bar(5), levels) + 1).sum(dim=(1, 2, 3))
    assert (bright.diff() < 0).all()
    assert bright[0] > 1.3 * bright[2] > 1.3 * 1.3 * bright[4]


def test_levels_are_drawn_for_each_image_within_the_bound_from_the_global_stream() -> None:
    strokes = Strokes(level=0.5, sharpness=1.0).build(ImageShape(1, 4, 4))
    torch.manual_seed(0)
    first = strokes(torch.zeros(2000, 1, 4, 4))
    drawn = -torch.atanh(first[:, 0, 0, 0])
    assert drawn.min() == pytest.approx(-0.5, abs=0.01)
    assert drawn.max() == pytest.approx(0.5, abs=0.01)
    torch.manual_seed(0)
    assert torch.equal(strokes(torch.zeros(2000, 1, 4, 4)), first)


def test_gradients_reach_the_images() -> None:
    images = bar(2).requires_grad_()
    Strokes().build(SHAPE)(images).sum().backward()
    assert images.grad is not None
    assert (images.grad != 0).flatten(1).any(dim=1).all()


def test_under_bf16_autocast_it_is_as_exact_as_without() -> None:
    strokes = Strokes().build(SHAPE)
    with torch.autocast("cpu", torch.bfloat16):
        under = strokes.cut(bar(), torch.zeros(1))
    assert torch.equal(under, strokes.cut(bar(), torch.zeros(1)))


def test_colours_are_blurred_apart() -> None:
    images = torch.cat([bar(), -bar(), bar() * 0], dim=1)
    cut = Strokes().build(ImageShape(3, 12, 12)).cut(images, torch.zeros(1))
    torch.testing.assert_close(cut[:, 0], -cut[:, 1])
    assert not cut[:, 2].any()


def test_rectangles_are_blurred_alike_on_both_axes() -> None:
    image = torch.full((1, 1, 12, 20), -1.0)
    image[..., 5, 10] = 1.0
    cut = Strokes().build(ImageShape(1, 12, 20)).cut(image, torch.zeros(1))[0, 0]
    torch.testing.assert_close(cut[5, 8:13], cut[3:8, 10])
    assert cut[5, 9] > cut[5, 8]


def test_it_blurs_as_torchvision_does() -> None:
    images = torch.rand(3, 2, 9, 13, dtype=torch.float64) * 2 - 1
    strokes = Strokes(blur=1.3, sharpness=1.0).build(ImageShape(2, 9, 13)).double()
    blurred = gaussian_blur(images, kernel_size=[7, 7], sigma=[1.3, 1.3])
    torch.testing.assert_close(strokes.cut(images, torch.zeros(3)), torch.tanh(blurred))


def test_a_blur_that_reaches_beyond_the_reflected_image_is_refused() -> None:
    data = DataInfo(ImageShape(3, 28, 12), {"train": 1})
    (problem,) = Strokes(blur=6).check_data(None, data)  # type: ignore[arg-type]  # needs nothing of the spec
    assert problem.place == ("blur",)
    assert problem.message == "6.0 pixels are too many for 28x12, 3 channel(s): at most 5.5"
    largest = Strokes(blur=5.5)
    assert not list(largest.check_data(None, data))  # type: ignore[arg-type]
    assert largest.build(data.image)(torch.zeros(1, *data.image)).shape == (1, *data.image)


@pytest.mark.parametrize("field", [{"level": 1.0}, {"level": -0.1}, {"blur": 0}, {"sharpness": 0}])
def test_what_makes_no_sense_is_refused(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Strokes.model_validate(field)
