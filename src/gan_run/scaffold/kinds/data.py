"""A data source."""

from typing import Literal

import torch
from pydantic import Field

from gan_run import Column, DataInfo, DataSource, ImageSet, ImageShape


class Mine(DataSource):
    """Images of horizontal and of vertical stripes, 28x28 pixels, in two classes."""

    type: Literal["mine"] = "mine"
    images: int = Field(default=1000, ge=20, description="Number of images; a tenth of them is the test split.")

    def describe(self) -> DataInfo:
        test = self.images // 10
        return DataInfo(
            ImageShape(1, 28, 28),
            {"train": self.images - test, "test": test},
            {"label": Column("categorical", ("horizontal", "vertical"))},
        )

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        count = self.describe().sizes[split]
        stream = torch.Generator().manual_seed(count)  # the same images at every call
        phases = torch.rand(count, 1, 1, generator=stream) * 6
        waves = ((torch.arange(28) * 0.9 + phases).sin() * 127 + 128).to(torch.uint8)  # (N, 1, 28)
        labels = torch.arange(count) % 2
        horizontal, vertical = waves.transpose(1, 2).expand(-1, 28, 28), waves.expand(-1, 28, 28)
        images = torch.where(labels.view(-1, 1, 1) == 0, horizontal, vertical)
        return ImageSet(images.unsqueeze(1).contiguous(), {"label": labels})
