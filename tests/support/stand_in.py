"""Images in the place of an example's data, which may not be at hand."""

from collections.abc import Mapping
from typing import Any, Literal

import torch

from gan_run import Column, DataInfo, DataSource, ImageSet, ImageShape

IMAGES = {"chairs": (1, 64), "faces": (1, 32), "sprites": (1, 64)}
IMAGES |= dict.fromkeys(("celeba", "svhn", "cifar10"), (3, 32)) | dict.fromkeys(("array", "image-folder"), (3, 64))
"""Channels and side of the images of sources; of the others they are digits."""


class StandIn(DataSource):
    """Images of noise of ten classes."""

    type: Literal["stand-in"] = "stand-in"
    image: tuple[int, int, int] = (1, 28, 28)
    mirror: bool = False
    numbers: tuple[str, ...] = ()
    """Columns of one number per image."""

    def describe(self) -> DataInfo:
        columns = {"label": Column("categorical", tuple(str(label) for label in range(10)))}
        columns |= dict.fromkeys(self.numbers, Column("continuous"))
        return DataInfo(ImageShape(*self.image), {"train": 800, "test": 20}, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        count, stream = self.describe().sizes[split], torch.Generator().manual_seed(0)
        pixels = torch.randint(0, 256, (count, *self.image), dtype=torch.uint8, generator=stream)
        columns = {"label": torch.arange(count) % 10}
        columns |= {name: torch.arange(float(count)) for name in self.numbers}
        return ImageSet(pixels, columns, self.mirror)


NARROW = ("generator.width=0.05", "discriminator.trunk.width=0.05")
"""Overrides that make an example small, where no value of a network matters."""


def on_stand_in(content: Mapping[str, Any]) -> dict[str, object]:  # a spec as JSON
    """A spec on images of the right shape, with the columns that its latents need, without metrics and artifacts."""
    data = content["data"]
    channels, side = IMAGES.get(data["type"], (1, 28))
    channels, side = data.get("channels", channels), data.get("size", side)
    numbers = tuple(latent["column"] for latent in content["latents"].values() if "column" in latent)
    images = StandIn(image=(channels, side, side), mirror=data.get("mirror", False), numbers=numbers)
    return {**content, "data": images, "metrics": [], "artifacts": []}
