"""Images to files."""

import math
from pathlib import Path

import numpy as np
from torch import Tensor

from gan_run.core.base.image import to_uint8
from gan_run.core.images.grid import image_grid, save_png


def write_images(images: Tensor, target: Path, form: str) -> None:
    """Images (N, C, H, W) in [-1, 1] as a PNG grid, or as an .npz with `images` uint8 (N, C, H, W)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if form == "npz":
        with target.open("wb") as file:
            np.savez_compressed(file, images=to_uint8(images).numpy())
        return
    save_png(image_grid(images, columns=math.ceil(math.sqrt(len(images)))), target)
