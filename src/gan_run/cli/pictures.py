"""Images to files."""

import math
from pathlib import Path

import numpy as np
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from gan_run.core.base.image import to_uint8


def write_images(images: Tensor, target: Path, form: str) -> None:
    """Images (N, C, H, W) in [-1, 1] as a PNG grid, or as an .npz with `images` uint8 (N, C, H, W)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if form == "npz":
        with target.open("wb") as file:
            np.savez_compressed(file, images=to_uint8(images).numpy())
        return
    grid = make_grid(to_uint8(images), nrow=math.ceil(math.sqrt(len(images))), padding=2, pad_value=255)
    to_pil_image(grid).save(target, format="PNG")
