import torch

from gan_run import ImageShape, to_float, to_uint8

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
