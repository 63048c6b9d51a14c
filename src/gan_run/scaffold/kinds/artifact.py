"""A picture."""

from pathlib import Path
from typing import Literal

from PIL import Image

from gan_run import Artifact, Model, Splits, to_uint8


class Mine(Artifact):
    """The average of many samples."""

    type: Literal["mine"] = "mine"
    samples: int = 256

    @property
    def folder(self) -> str:
        return "averages"

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        average = to_uint8(model.sample(self.samples).mean(dim=0))  # (C, H, W)
        path = stem.with_suffix(".png")
        Image.fromarray(average[0].numpy()).save(path)
        return [path]
