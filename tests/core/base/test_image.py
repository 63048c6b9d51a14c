import numpy as np
import pytest
import torch
from PIL import Image

from gan_run import ImageShape, resize_pixels, to_float, to_uint8

ALL_LEVELS = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)


def test_every_grey_level_survives_the_way_there_and_back() -> None:
    assert torch.equal(to_uint8(to_float(ALL_LEVELS)), ALL_LEVELS)


def test_black_is_minus_one_white_is_one_and_nothing_lies_outside() -> None:
    images = to_float(ALL_LEVELS)
    assert images.dtype == torch.float32
    assert images.min() == images.flatten()[0] == -1
    assert images.max() == images.flatten()[-1] == 1


def test_levels_are_evenly_spaced() -> None:
    steps = to_float(ALL_LEVELS).flatten().diff()
    torch.testing.assert_close(steps, torch.full((255,), 2 / 255), atol=1e-6, rtol=0)


def test_levels_are_rounded_to_the_nearest_and_clipped() -> None:
    # In levels: -1.5 and 1.5 lie outside; 0.4 and 0.6 above level 100.
    floats = torch.tensor([-1.5, 1.5, 100.4 * 2 / 255 - 1, 100.6 * 2 / 255 - 1]).view(1, 1, 2, 2)
    assert to_uint8(floats).flatten().tolist() == [0, 255, 100, 101]


def test_half_precision_images_become_levels_too() -> None:
    assert to_uint8(torch.tensor([-1.0, 1.0], dtype=torch.bfloat16)).tolist() == [0, 255]


def test_converting_changes_no_argument() -> None:
    levels, floats = ALL_LEVELS.clone(), torch.linspace(-2, 2, 8)
    to_float(levels)
    to_float(floats)
    to_uint8(floats)
    assert torch.equal(levels, ALL_LEVELS)
    assert torch.equal(floats, torch.linspace(-2, 2, 8))


def test_a_shape_reads_as_people_say_it() -> None:
    assert str(ImageShape(3, 28, 32)) == "28x32, 3 channel(s)"


@pytest.mark.parametrize("side", [5, 11, 40])
def test_pixels_are_resized_as_pillow_does(side: int) -> None:
    pixels = torch.randint(0, 256, (3, 3, 12, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    pictures = [Image.fromarray(one.permute(1, 2, 0).numpy()) for one in pixels]
    pillow = [picture.resize((side, side), Image.Resampling.BICUBIC) for picture in pictures]
    expected = torch.stack([torch.from_numpy(np.array(one)).permute(2, 0, 1) for one in pillow])
    found = resize_pixels(pixels, side)
    assert found.dtype == torch.uint8
    assert (found.int() - expected.int()).abs().max() <= 1
    square = pixels[:, :, :, :12]
    assert resize_pixels(square, 12) is square
