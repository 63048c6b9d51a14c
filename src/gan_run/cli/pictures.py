"""Images to files."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from gan_run.core.base.image import PixelCodec
from gan_run.core.images.grid import image_grid, save_png


def write_images(
    images: Tensor, target: Path, form: str, codec: PixelCodec, channels: Sequence[int] | None = None
) -> None:
    """Images (N, C, H, W) in [-1, 1] as a PNG grid, or as an .npz with `images` (N, C, H, W) as the data stores them.

    Raises:
        DataError: A PNG is asked for, and the images are no pictures.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if form == "npz":
        with target.open("wb") as file:
            np.savez_compressed(file, images=codec.encode(images).numpy())
        return
    save_png(image_grid(images, math.ceil(math.sqrt(len(images))), channels), target)
