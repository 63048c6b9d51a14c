"""The lattice of sprites, and how one is drawn."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

SHAPES = ("square", "ellipse", "heart")
SCALES = 6
ORIENTATIONS = 40
POSITIONS = 32
LATTICE = (len(SHAPES), SCALES, ORIENTATIONS, POSITIONS, POSITIONS)
"""Number of values of shape, scale, orientation, x and y, of which the last changes first."""
COUNT = math.prod(LATTICE)
RADIUS = 0.25
"""Radius of a sprite of scale 1, as a share of the image's side."""
MARGIN = 0.25
"""Distance of the outermost centres from the border, as a share of the image's side."""
ASPECT = 0.6
"""Height of the ellipse, as a share of its width."""


class Factors(NamedTuple):
    """The factors of N sprites, (N,) each."""

    shape: Tensor
    """The number of the shape, int64."""
    scale: Tensor
    """From 0.5 to 1."""
    orientation: Tensor
    """In degrees, from 0 to 351, counterclockwise."""
    x: Tensor
    """From 0, left, to 1, right."""
    y: Tensor
    """From 0, top, to 1, bottom."""


def factors_of(rows: Tensor) -> Factors:
    """The factors of some sprites.

    Args:
        rows: Their places in the lattice, int64 (N,), from 0 to COUNT - 1.
    """
    shape, scale, orientation, x, y = torch.unravel_index(rows, LATTICE)
    return Factors(
        shape,
        0.5 + 0.5 * scale / (SCALES - 1),
        360.0 * orientation / ORIENTATIONS,
        x / (POSITIONS - 1),
        y / (POSITIONS - 1),
    )


def draw(factors: Factors, side: int) -> Tensor:
    """Draw sprites in white (255) on black (0), without shades: a pixel is white if its centre is in the shape.

    Args:
        factors: The factors of N sprites.
        side: Side of the images, in pixels.

    Returns:
        uint8 (N, 1, side, side).
    """
    centres = (torch.arange(side) + 0.5) / side

    def column(values: Tensor) -> Tensor:
        return values.float().view(-1, 1, 1)

    right = centres.view(1, 1, -1) - (MARGIN + (1 - 2 * MARGIN) * column(factors.x))
    up = (MARGIN + (1 - 2 * MARGIN) * column(factors.y)) - centres.view(1, -1, 1)
    angle, radius = column(factors.orientation) * (math.pi / 180), RADIUS * column(factors.scale)
    # Turned back and divided by the radius, every sprite is its shape in its first position.
    across = (right * angle.cos() + up * angle.sin()) / radius
    upward = (up * angle.cos() - right * angle.sin()) / radius
    inside = torch.stack([_square(across, upward), _ellipse(across, upward), _heart(across, upward)])
    chosen = inside[factors.shape, torch.arange(len(factors.shape))]
    return chosen.to(torch.uint8).mul_(255).unsqueeze(1)


def _square(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(x.abs(), y.abs()) <= math.sqrt(0.5)


def _ellipse(x: Tensor, y: Tensor) -> Tensor:
    return x.square() + (y / ASPECT).square() <= 1


def _heart(x: Tensor, y: Tensor) -> Tensor:
    x, y = 1.2 * x, 1.2 * y + 0.1
    return (x.square() + y.square() - 1) ** 3 <= x.square() * y**3
