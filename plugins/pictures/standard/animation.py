"""Moving pictures."""

from pathlib import Path

from PIL import Image
from torch import Tensor

MILLISECONDS = 80
"""How long a frame is shown."""


def save_gif(frames: list[Tensor], path: Path, come_back: bool) -> None:
    """Frames uint8 (3, H, W) as a GIF that runs for ever: from the last frame back through the others to the first, or
    at once to the first where that follows from the last."""
    pictures = [Image.fromarray(frame.permute(1, 2, 0).numpy()) for frame in frames]
    if come_back:
        pictures += pictures[-2:0:-1]
    first, *rest = pictures
    first.save(path, save_all=True, append_images=rest, duration=MILLISECONDS, loop=0)
