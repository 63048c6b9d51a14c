"""A generator."""

import math
from typing import Literal

from pydantic import Field
from torch import nn

from gan_run import Generator, ImageShape, LatentSpace


class Mine(Generator):
    """One hidden layer and tanh."""

    type: Literal["mine"] = "mine"
    hidden: int = Field(default=256, ge=1, description="Width of the hidden layer.")

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return nn.Sequential(
            nn.Linear(latents.width, self.hidden),
            nn.SiLU(),
            nn.Linear(self.hidden, math.prod(image)),
            nn.Tanh(),
            nn.Unflatten(1, tuple(image)),
        )
