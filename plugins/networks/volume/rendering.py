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


def view_rotation(azimuth: Tensor, elevation: float) -> Tensor:
    """Rotation matrices from a view to the volume: the object turns about the vertical axis in front of the camera.

    Args:
        azimuth: Cosine and sine of the angle by which the object is turned, (N, 2).
        elevation: Angle of the camera above the horizon, in degrees; it looks at the middle of the volume.

    Returns:
        Matrices (N, 3, 3), which take points of the view to points of the volume.
    """
    cosine, sine = azimuth.unbind(dim=1)
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    turned = torch.stack([cosine, zero, sine, zero, one, zero, -sine, zero, cosine], dim=1).view(-1, 3, 3)
    up, out = math.sin(math.radians(elevation)), math.cos(math.radians(elevation))
    return turned @ turned.new_tensor([[1, 0, 0], [0, out, up], [0, -up, out]])


def view_points(image: ImageShape, depth: int, distance: float | None) -> Tensor:
    """The points of a view: a ray for each pixel, through the volume.

    The longer side of the image spans the volume, in perspective at its middle.

    Args:
        image: Shape of the image.
        depth: Number of points on each ray.
        distance: Of the camera from the middle of the volume; None for parallel rays.

    Returns:
        Points (depth, height, width, 3), from the nearest to the farthest.
    """
    longest = max(image.height, image.width)
    far, down, right = torch.meshgrid(
        middles(depth),
        middles(image.height) * (image.height / longest),
        middles(image.width) * (image.width / longest),
        indexing="ij",
    )
    spread = 1.0 if distance is None else 1 + far / distance
    return torch.stack([right * spread, down * spread, far], dim=-1)


def resample(volume: Tensor, rotation: Tensor, points: Tensor) -> Tensor:
    """A volume at the points of a view, by trilinear interpolation; outside of the volume all channels are 0.

    Args:
        volume: (N, K, D, H, W).
        rotation: From view to volume, (N, 3, 3).
        points: Of the view, (depth, height, width, 3).

    Returns:
        (N, K, depth, height, width).
    """
    turned = torch.einsum("dhwk,njk->ndhwj", points, rotation)
    return F.grid_sample(volume, turned, padding_mode="zeros", align_corners=False)


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
