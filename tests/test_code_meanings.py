"""Benchmarks that say what codes mean: face_codes.py, face_measures.py and turning.py."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_run.benchmarks.face_codes import Reading, abs_rho, auc, follow
from gan_run.benchmarks.face_measures import (
    brightness,
    contrast,
    light_from_above,
    light_from_the_side,
    turn,
)
from gan_run.benchmarks.turning import turning


def face(eyes_at: int, side: int = 32) -> Tensor:
    """A bright picture with two dark eyes around a column: (1, 1, side, side) in [-1, 1]."""
    picture = torch.full((1, 1, side, side), 0.5)
    for column in (eyes_at - 3, eyes_at + 3):
        picture[..., side // 2 - 1 : side // 2 + 1, column - 1 : column + 1] = -0.8
    return picture


def test_a_head_is_turned_to_where_its_features_are() -> None:
    left, ahead, right = (turn(face(column)).item() for column in (13, 16, 19))
    assert left < ahead < right
    assert left == pytest.approx(-right, abs=1e-5)
    assert ahead == pytest.approx(0, abs=1e-5)


def test_a_turn_does_not_depend_on_the_light_from_one_side() -> None:
    ramp = torch.linspace(-0.2, 0.2, 32)
    assert turn(face(16) + ramp).item() == pytest.approx(0, abs=0.1)
    assert light_from_the_side(face(16) + ramp).item() > light_from_the_side(face(16)).item() + 0.02


def test_light_is_the_centroid_of_brightness_worked_by_hand() -> None:
    # The middle half of four columns and rows is two of each: places -1 and 1.
    picture = torch.full((1, 1, 4, 4), -1.0)
    picture[0, 0, 1] = torch.tensor([0.0, 0.2, 1.0, 0.0])  # brightness .6 and 1 in the middle columns
    assert light_from_the_side(picture).item() == pytest.approx((1.0 - 0.6) / 1.6)
    assert light_from_above(picture).item() == pytest.approx(-1)


def test_brightness_and_contrast_of_bytes_and_of_floats() -> None:
    halves = torch.tensor([[0, 255], [0, 255]], dtype=torch.uint8).view(1, 1, 2, 2)
    assert brightness(halves).item() == pytest.approx(0.5)
    assert contrast(halves).item() == pytest.approx(halves.double().div(255).std().item())


def test_the_area_under_the_curve_worked_by_hand() -> None:
    values = np.array([0.1, 0.4, 0.35, 0.8])
    assert auc(values, np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(0.75)
    assert auc(-values, np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(0.75)
    assert auc(np.zeros(4), np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(0.5)
    assert abs_rho(values, -values) == pytest.approx(1)


def reading(
    code: list[float], other: list[float], category: list[float], quality: list[float], smile: list[float]
) -> Reading:
    codes = {"c": np.array(code), "d": np.array(other), "category": np.array(category)}
    return Reading(codes, frozenset({"category"}), {"light": np.array(quality), "smile": np.array(smile)}, "smile")


def test_a_code_is_chosen_on_the_training_images() -> None:
    nan = float("nan")
    train = reading([1, 2, 3, 4], [1, 3, 2, 4], [0, 0, 1, 1], [-1, -2, -3, -4], [0, nan, 1, 1])
    test = reading([1, 3, 2, 4], [1, 2, 3, 4], [1, 0, 2, 1], [1, 2, 3, 4], [0, 0, 1, nan])

    light, smile = follow(train, test)

    assert light[:3] == ("light", "|rho|", "c")
    assert light[3:] == pytest.approx((1, 0.8))
    assert smile.measure == "AUC"
    assert smile.code == "c"
    # Of the test images with a known class, 0, 0 and 1, the code has 1, 3 and 2.
    assert smile.test == pytest.approx(0.5)


def test_a_category_counts_by_the_mean_of_its_training_images() -> None:
    nan = float("nan")
    train = reading([0, 0, 0, 0], [0, 0, 0, 0], [2, 2, 0, 0], [0, 0, 5, 7], [nan, nan, nan, nan])
    # Category 1 has no training image: the mean of all, 3.
    test = reading([0, 0, 0], [0, 0, 0], [0, 1, 2], [9, 8, 1], [nan, nan, nan])

    light = next(follow(train, test))

    assert light.code == "category"
    assert (light.train, light.test) == pytest.approx((4 / math.sqrt(18), 1))


def turns(*angles: list[float]) -> Tensor:
    return torch.tensor(angles, dtype=torch.float64).deg2rad()


def test_a_turn_worked_by_hand() -> None:
    forward = [10.0, 100.0, 190.0, 280.0]
    wavering = [0.0, 90.0, 80.0, 200.0]
    swinging = [0.0, 40.0, 80.0, 40.0]
    found = turning(turns(forward, wavering, swinging))
    assert found.forward == pytest.approx((4 + 3 + 2) / 12)
    assert found.monotone == pytest.approx(1 / 3)
    assert found.complete == pytest.approx(2 / 3)


def test_the_direction_of_a_turn_does_not_matter_but_is_one_for_all() -> None:
    forward = torch.arange(8).double() * (2 * math.pi / 8)
    assert turning(-forward[None].repeat(3, 1)) == (1, 1, 1)
    assert turning(torch.stack([forward, forward, -forward])) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
