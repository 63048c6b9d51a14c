"""The sprites are what their factors say, and the lattice is whole."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_run import testing
from gan_run.plugins.data.sprites.drawing import ASPECT, COUNT, RADIUS, Factors, draw, factors_of
from gan_run.plugins.data.sprites.source import Sprites

SQUARE, ELLIPSE, HEART = range(3)


def sprite(
    shape: int, scale: float = 1.0, orientation: float = 0.0, x: float = 0.5, y: float = 0.5, side: int = 64
) -> Tensor:
    """One sprite, (side, side), of 0 and 1."""
    numbers = (torch.tensor([value]) for value in (scale, orientation, x, y))
    return draw(Factors(torch.tensor([shape]), *numbers), side)[0, 0].double() / 255


def centre(image: Tensor) -> tuple[float, float]:
    """The mean column and row of the white pixels' centres, in pixels."""
    at = torch.arange(64).double() + 0.5
    return float((image.sum(0) * at).sum() / image.sum()), float((image.sum(1) * at).sum() / image.sum())


def test_areas_are_those_of_the_shapes() -> None:
    radius = RADIUS * 512
    assert sprite(SQUARE, side=512).sum() == pytest.approx(2 * radius**2, rel=0.02)
    assert sprite(ELLIPSE, side=512).sum() == pytest.approx(math.pi * ASPECT * radius**2, rel=0.01)
    for shape in (SQUARE, ELLIPSE, HEART):
        small, large = sprite(shape, scale=0.5, side=512), sprite(shape, side=512)
        assert small.sum() == pytest.approx(float(large.sum()) / 4, rel=0.03)
        assert set(large.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE])
@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.5, 0.5), (1.0, 0.25)])
def test_centres_are_at_x_and_y(shape: int, x: float, y: float) -> None:
    for orientation in (0.0, 27.0):
        assert centre(sprite(shape, 0.8, orientation, x, y)) == pytest.approx((16 + 32 * x, 16 + 32 * y), abs=0.35)


def test_orientation_turns_counterclockwise() -> None:
    assert torch.equal(sprite(ELLIPSE, orientation=90.0), sprite(ELLIPSE).rot90())
    assert torch.equal(sprite(HEART, orientation=90.0), sprite(HEART).rot90())
    assert not torch.equal(sprite(HEART, orientation=180.0), sprite(HEART))
    assert torch.equal(sprite(HEART).flip(1), sprite(HEART))  # left and right alike
    assert centre(sprite(HEART))[1] < 32  # its lobes are above


def test_the_lattice_has_every_combination_once() -> None:
    factors = factors_of(torch.arange(COUNT))
    assert [len(values.unique()) for values in factors] == [3, 6, 40, 32, 32]
    assert len(torch.stack([values.double() for values in factors]).unique(dim=1).T) == COUNT == 737280
    assert (factors.scale.min(), factors.scale.max()) == (0.5, 1.0)
    assert (factors.orientation.max(), factors.x.max(), factors.y.min()) == (351.0, 1.0, 0.0)


def test_splits_share_no_image_and_columns_are_the_factors() -> None:
    source = Sprites(size=16, test=700000)
    train, test = source.load("train"), source.load("test")
    assert (train.count, test.count) == (37280, 700000)
    keys = [
        torch.stack([images.columns[name].double() for name in ("label", "scale", "orientation", "x", "y")], dim=1)
        for images in (train, test)
    ]
    assert len(torch.cat(keys).unique(dim=0)) == COUNT
    rows = torch.tensor([5, 3000, 17])
    drawn = train.gather(rows)
    columns = [train.columns[name][rows] for name in ("label", "scale", "orientation", "x", "y")]
    assert torch.equal(drawn, draw(Factors(*columns), 16))
    assert np.isin(drawn.numpy(), (0, 255)).all()


class TestSprites(testing.DataSourceSuite):
    component = Sprites(size=8, test=COUNT - 2000)
