"""Images as one picture: a grid, magnified if they are small."""

import math
from pathlib import Path

from torch import Tensor

from gan_run.core.base.image import to_uint8

CELL = 56
"""Pixels that the shorter side of a cell has at least."""
GAP = 2
"""Pixels between and around cells."""


def image_grid(images: Tensor, columns: int) -> Tensor:
    """Arrange images row by row on white.

    Images smaller than 56 pixels are magnified by a whole number, so that their pixels stay sharp in any viewer.

    Args:
        images: Float (N, C, H, W) in [-1, 1].
        columns: How many images are in a row.

    Returns:
        One picture, uint8 (C, H', W'); grey images become (3, H', W').
    """
    # torchvision takes over a second to import, and every command loads the plugins that use this.
    from torchvision.utils import make_grid

    factor = magnification(images)
    large = to_uint8(images).repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)
    grid: Tensor = make_grid(large, nrow=columns, padding=GAP, pad_value=255)
    return grid


def magnification(images: Tensor) -> int:
    """The whole number by which `image_grid` magnifies images (N, C, H, W) in each direction."""
    return math.ceil(CELL / min(images.shape[2:]))


def save_png(picture: Tensor, path: Path) -> None:
    """Write a picture, uint8 (C, H, W), as PNG whatever the suffix of `path`."""
    from PIL import Image

    Image.fromarray(picture.permute(1, 2, 0).numpy()).save(path, format="PNG")
