"""A discriminator's head."""

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run import Features, Head, HeadModule, LatentSpace, TrunkModule, Values


class Mine(Head):
    """A hidden layer and a logit."""

    type: Literal["mine"] = "mine"
    hidden: int = Field(default=64, ge=1, description="Width of the hidden layer.")

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return MineModule(trunk.features, self.hidden)


class MineModule(HeadModule):
    """Maps features (N, F) to logits (N,) and ignores the condition."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, hidden), nn.SiLU(), nn.Linear(hidden, 1))

    def forward(self, features: Features, condition: Values) -> Tensor:
        logits = self.layers(features.vector).flatten()
        assert isinstance(logits, Tensor)
        return logits
