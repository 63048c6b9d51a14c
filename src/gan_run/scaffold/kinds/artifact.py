"""An artifact."""

from pathlib import Path
from typing import Literal

from PIL import Image
from pydantic import Field

from gan_run import Artifact, Model, Splits, to_uint8


class Mine(Artifact):
    """An image: the mean of many samples."""

    type: Literal["mine"] = "mine"
    samples: int = Field(default=256, ge=1, description="Number of samples.")

    @property
    def folder(self) -> str:
        return "means"

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        mean = to_uint8(model.sample(self.samples).mean(dim=0))  # (C, H, W)
        path = stem.with_suffix(".png")
        Image.fromarray(mean[0].numpy()).save(path)
        return [path]
