"""Volumes of density and colour, turned and rendered.

A point of a volume or of a view is (x, y, z) in [-1, 1]: to the right, down, and away from the camera.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_run import ImageShape

EDGE = 2.0
"""Length of a volume's edge."""


def view_points(image: ImageShape, depth: int, elevation: float, distance: float | None) -> Tensor:
    """The points of a view of an object that is not turned: a ray for each pixel, through the volume.

    The longer side of the image spans the volume, in perspective at its middle.

    Args:
        image: Shape of the image.
        depth: Number of points on each ray.
        elevation: Angle of the camera above the horizon, in degrees; it looks at the middle of the volume.
        distance: Of the camera from the middle of the volume; None for parallel rays.

    Returns:
        Points of the volume (depth, height, width, 3), from the nearest to the farthest.
    """
    longest = max(image.height, image.width)
    far, down, right = torch.meshgrid(
        middles(depth),
        middles(image.height) * (image.height / longest),
        middles(image.width) * (image.width / longest),
        indexing="ij",
    )
    spread = 1.0 if distance is None else 1 + far / distance
    up, out = math.sin(math.radians(elevation)), math.cos(math.radians(elevation))
    return torch.stack([right * spread, out * down * spread + up * far, out * far - up * down * spread], dim=-1)


def turned(points: Tensor, azimuth: Tensor) -> Tensor:
    """The points of a view in the volume of an object that is turned about the vertical axis.

    Args:
        points: Of a view of the object that is not turned, (..., 3).
        azimuth: Cosine and sine of the angle by which the object is turned, (N, 2).

    Returns:
        Points (N, ..., 3).
    """
    right, down, far = points.unbind(dim=-1)
    cosine, sine = azimuth.view(-1, 2, *[1] * right.dim()).unbind(dim=1)
    return torch.stack(
        [cosine * right + sine * far, down.expand(len(azimuth), *down.shape), cosine * far - sine * right], dim=-1
    )


def resample(volume: Tensor, points: Tensor) -> Tensor:
    """A volume at some points, by trilinear interpolation; outside of the volume all channels are 0.

    Args:
        volume: (N, K, D, H, W).
        points: (N, depth, height, width, 3).

    Returns:
        (N, K, depth, height, width).
    """
    return F.grid_sample(volume, points, padding_mode="zeros", align_corners=False)


def middles(count: int) -> Tensor:
    """The middles of `count` equal parts of [-1, 1]."""
    return (torch.arange(count) + 0.5) * (2 / count) - 1


def composite(density: Tensor, colour: Tensor, background: float) -> Tensor:
    """Emission and absorption along rays (Henzler et al. 2019, arXiv 1811.11606, section 4.2; Max 1995).

    Args:
        density: Absorption of light for each unit of length, at least 0, (N, D, H, W), the nearest first.
        colour: (N, C, D, H, W).
        background: The colour behind the volume.

    Returns:
        Images (N, C, H, W): each point's colour by the share of light that is emitted there and reaches the camera.
    """
    transmitted = torch.exp(-torch.cumsum(density * (EDGE / density.shape[1]), dim=1))
    arriving = torch.cat([torch.ones_like(transmitted[:, :1]), transmitted[:, :-1]], dim=1)
    share = (arriving - transmitted)[:, None]
    return (share * colour).sum(dim=2) + background * transmitted[:, -1:]
