"""Where a point of a volume is seen, and what light reaches the camera."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_run import ImageShape
from gan_run.plugins.networks.volume.rendering import composite, resample, turned, view_points

pytestmark = pytest.mark.usefixtures("float64")


def on_circle(degrees: float) -> Tensor:
    angle = torch.tensor(math.radians(degrees), dtype=torch.float64)
    return torch.stack([angle.cos(), angle.sin()])[None]


def to_object(azimuth: float, elevation: float) -> Tensor:
    """The matrix from points of a view to those of the object, read off the middles of the sides of a view."""
    image = ImageShape(1, 2, 2)
    points = turned(view_points(image, 2, elevation, None), on_circle(azimuth))[0]
    # Points are half a unit to either side of the middle along each axis.
    right, down, far = (points.mean(dim=other) for other in ((0, 1), (0, 2), (1, 2)))
    return torch.stack([side[1] - side[0] for side in (right, down, far)], dim=1)


def seen_at(point: tuple[float, float, float], azimuth: float, elevation: float) -> list[float]:
    """Where a point of the object is in the view."""
    return (to_object(azimuth, elevation).T @ torch.tensor(point, dtype=torch.float64)).tolist()


@pytest.mark.parametrize(
    ("point", "azimuth", "elevation", "seen"),
    [
        ((1, 0, 0), 0, 0, (1, 0, 0)),
        ((0, 0, -1), 90, 0, (1, 0, 0)),  # what was in front is at the right after a quarter turn
        ((0, 0, -1), 180, 0, (0, 0, 1)),
        ((0, 1, 0), 77, 0, (0, 1, 0)),  # the axis stays where it is
        ((0, 0, -1), 0, 90, (0, 1, 0)),  # from straight above, the front is below
        ((0, -1, 0), 0, 90, (0, 0, -1)),  # and the top is nearest
        ((0, 0, -1), 0, 30, (0, 0.5, -math.sqrt(3) / 2)),
    ],
)
def test_a_point_is_seen_where_a_camera_would_see_it(
    point: tuple[float, float, float], azimuth: float, elevation: float, seen: tuple[float, float, float]
) -> None:
    assert seen_at(point, azimuth, elevation) == pytest.approx(seen, abs=1e-12)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_a_view_neither_stretches_nor_mirrors(azimuth: float, elevation: float) -> None:
    matrix = to_object(azimuth, elevation)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(3, dtype=torch.float64))
    assert torch.linalg.det(matrix).item() == pytest.approx(1)


def test_a_quarter_turn_moves_a_voxel_from_the_front_to_the_right() -> None:
    volume = torch.zeros(1, 1, 4, 4, 4, dtype=torch.float64)
    volume[0, 0, 0, 2, 1] = 1  # nearest, second row from below, second column
    seen = resample(volume, turned(view_points(ImageShape(1, 4, 4), 4, 0, None), on_circle(90)))
    wanted = torch.zeros_like(volume)
    wanted[0, 0, 1, 2, 3] = 1
    torch.testing.assert_close(seen, wanted)


def test_the_longer_side_of_an_image_spans_the_volume() -> None:
    volume = torch.arange(4, dtype=torch.float64).view(1, 1, 1, 1, 4).expand(1, 1, 4, 4, 4)
    seen = resample(volume, turned(view_points(ImageShape(1, 4, 2), 4, 0, None), on_circle(0)))
    torch.testing.assert_close(seen[0, 0, 0, 0], torch.tensor([1.0, 2.0], dtype=torch.float64))


def test_in_perspective_rays_spread_from_the_camera() -> None:
    points = view_points(ImageShape(1, 2, 2), depth=2, elevation=0, distance=2.0)
    near, far = points[0, 1, 1].tolist(), points[1, 1, 1].tolist()
    assert near == pytest.approx((0.5 * 0.75, 0.5 * 0.75, -0.5))
    assert far == pytest.approx((0.5 * 1.25, 0.5 * 1.25, 0.5))
    camera = torch.tensor([0, 0, -2.0])
    torch.testing.assert_close(
        torch.cosine_similarity(points[0] - camera, points[1] - camera, dim=-1), torch.ones(2, 2)
    )


def test_light_by_hand() -> None:
    # Two points a unit apart: the nearer absorbs half of the light, the farther three quarters of what is left.
    density = torch.tensor([math.log(2), math.log(4)], dtype=torch.float64).view(1, 2, 1, 1)
    colour = torch.tensor([0.8, -0.4], dtype=torch.float64).view(1, 1, 2, 1, 1)
    image = composite(density, colour, background=1.0)
    assert image.item() == pytest.approx(0.5 * 0.8 + 0.5 * 0.75 * -0.4 + 0.5 * 0.25 * 1.0)


def test_an_empty_volume_shows_the_background_and_an_opaque_one_its_front() -> None:
    colour = torch.tensor([0.3, -0.9], dtype=torch.float64).view(1, 1, 2, 1, 1)
    nothing, wall = (torch.full((1, 2, 1, 1), density, dtype=torch.float64) for density in (0.0, 1e3))
    assert composite(nothing, colour, background=-1.0).item() == -1
    assert composite(wall, colour, background=-1.0).item() == pytest.approx(0.3)
