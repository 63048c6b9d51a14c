import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gan_run import ImageShape, check_resolution, upsampling_plan_of

SIDES = st.integers(5, 600)


@given(st.sampled_from([3, 4, 5, 6, 7]), st.integers(1, 8))
def test_a_square_of_3_to_7_times_a_power_of_two_is_reached_exactly_with_the_most_doublings(
    base: int, times: int
) -> None:
    side = base * 2**times
    image = ImageShape(1, side, side)
    plan = upsampling_plan_of(image)
    exact = [(small, more) for small in range(3, 8) for more in range(1, 11) if small * 2**more == side]
    small, most = max(exact, key=lambda found: found[1])
    assert plan == ((small, small), most)
    assert plan.crop(image) == plan.pad(image) == []


@given(SIDES, SIDES)
def test_a_plan_covers_every_image_from_5_pixels_with_the_fewest_pixels(height: int, width: int) -> None:
    image = ImageShape(1, height, width)
    assert not list(check_resolution("net", image))
    plan = upsampling_plan_of(image)
    tall, wide = plan.sizes()[-1]
    assert 3 <= min(plan.base) <= 7
    assert (tall, wide) == (plan.base[0] * 2**plan.times, plan.base[1] * 2**plan.times)
    # Any other whole maps that cover the image, with a shorter side of 3 to 7 pixels, have as many pixels or more.
    for times in range(1, 10):
        rows, columns = -(-height // 2**times), -(-width // 2**times)
        if 3 <= min(rows, columns) <= 7:
            assert tall * wide <= rows * columns * 4**times
    assert 0 <= tall - height < 2**plan.times
    assert 0 <= wide - width < 2**plan.times


@pytest.mark.parametrize(
    ("size", "base", "times"),
    [
        ((28, 28), (7, 7), 2),
        ((32, 32), (4, 4), 3),
        ((48, 48), (3, 3), 4),
        ((96, 96), (3, 3), 5),
        ((20, 12), (5, 3), 2),
        ((12, 20), (3, 5), 2),
        ((48, 32), (6, 4), 3),
        ((218, 178), (7, 6), 5),
        ((100, 100), (7, 7), 4),
        ((5, 5), (3, 3), 1),
        ((16, 256), (4, 64), 2),
    ],
)
def test_the_plans_of_common_sizes(size: tuple[int, int], base: tuple[int, int], times: int) -> None:
    assert upsampling_plan_of(ImageShape(3, *size)) == (base, times)


def test_sizes_double_from_the_base_to_what_is_cropped() -> None:
    plan = upsampling_plan_of(ImageShape(3, 218, 178))
    assert plan.sizes() == [(7, 6), (14, 12), (28, 24), (56, 48), (112, 96), (224, 192)]


def test_cropping_takes_the_centre_and_padding_puts_zeros_around_it() -> None:
    # 5x7 is cropped from 6x8: the odd pixel is at the bottom and on the right.
    image = ImageShape(1, 5, 7)
    plan = upsampling_plan_of(image)
    assert plan == ((3, 4), 1)
    whole = torch.arange(1.0, 49).view(1, 1, 6, 8)
    cropped = nn.Sequential(*plan.crop(image))(whole)
    assert torch.equal(cropped, whole[..., :5, :7])
    padded = nn.Sequential(*plan.pad(image))(cropped)
    assert torch.equal(padded[..., :5, :7], cropped)
    assert padded.shape == whole.shape
    assert not padded[..., 5:, :].any()
    assert not padded[..., 7:].any()


@pytest.mark.parametrize("size", [(4, 4), (4, 60), (60, 3), (1, 1)])
def test_a_side_shorter_than_5_pixels_is_refused(size: tuple[int, int]) -> None:
    (problem,) = check_resolution("net", ImageShape(2, *size))
    assert problem.place == ("type",)
    assert problem.message == f"no net for {size[0]}x{size[1]}, 2 channel(s): each side needs at least 5 pixels"
