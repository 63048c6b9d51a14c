"""The artifact `reconstructions`."""

from pathlib import Path
from typing import Literal

import torch
from pydantic import Field

from gan_run import (
    Model,
    Split,
    Splits,
    image_grid,
    save_png,
)
from gan_run.plugins.pictures.standard.drawn_images import DrawnImages


class Reconstructions(DrawnImages):
    """Real images, each with the image that is generated from its encoded latents below it."""

    type: Literal["reconstructions"] = "reconstructions"
    split: Split = Field(default="test", description="The split whose images are reconstructed.")
    rows: int = Field(default=4, ge=1, le=1000, description="Rows of real images.")
    columns: int = Field(default=10, ge=1, le=1000, description="Columns of images.")

    @property
    def folder(self) -> str:
        return "reconstructions"

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        images = data[self.split]
        count = min(self.rows * self.columns, images.count)
        real = images.batch(torch.randperm(images.count)[:count]).images.cpu()
        made = model.reconstruct(real, self.options)
        rows = zip(torch.split(real, self.columns), torch.split(made, self.columns), strict=True)
        pairs = [torch.cat(pair) for pair in rows]
        path = stem.with_name(f"{stem.name}.png")
        save_png(image_grid(torch.cat(pairs), self.columns, self.channels), path)
        return [path]
