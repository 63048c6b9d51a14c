"""A discriminator's trunk."""

import math
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run import Features, ImageShape, Trunk, TrunkModule


class Mine(Trunk):
    """One hidden layer."""

    type: Literal["mine"] = "mine"
    hidden: int = Field(default=256, ge=1, description="Width of the hidden layer, and number of features.")

    def build(self, image: ImageShape) -> TrunkModule:
        return MineModule(image, self.hidden)


class MineModule(TrunkModule):
    """Maps images (N, C, H, W) to features (N, hidden), without feature maps."""

    def __init__(self, image: ImageShape, hidden: int) -> None:
        super().__init__()
        self.features = hidden
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image), hidden), nn.SiLU())

    def forward(self, images: Tensor) -> Features:
        return Features(self.layers(images))
