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
    turned = torch.stack([cosine, zero, sine, zero, one, zero, -sine, zero, cosine], dim=1).unflatten(1, (3, 3))
    up, out = math.sin(math.radians(elevation)), math.cos(math.radians(elevation))
    return turned @ turned.new_tensor([[1, 0, 0], [0, out, up], [0, -up, out]])


def resample(volume: Tensor, rotation: Tensor, image: ImageShape, depth: int) -> Tensor:
    """A volume as the camera sees it, by trilinear interpolation; outside of the volume all channels are 0.

    The projection is orthographic, and the longer side of the image spans the volume.

    Args:
        volume: (N, K, D, H, W).
        rotation: From view to volume, (N, 3, 3).
        image: Shape of the image.
        depth: Number of points on the ray of each pixel.

    Returns:
        (N, K, depth, height, width), from the nearest points to the farthest.
    """
    longest = max(image.height, image.width)
    scale = rotation.new_tensor([image.width / longest, image.height / longest, 1.0])
    no_shift = rotation.new_zeros(len(rotation), 3, 1)
    size = [*volume.shape[:2], depth, image.height, image.width]
    points = F.affine_grid(torch.cat([rotation * scale, no_shift], dim=2), size, align_corners=False)
    return F.grid_sample(volume, points, padding_mode="zeros", align_corners=False)


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
