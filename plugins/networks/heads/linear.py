"""The linear head."""

from typing import Literal

from torch import Tensor, nn

from gan_run import Features, Head, HeadModule, LatentSpace, TrunkModule, Values, init_normal


class Linear(Head):
    """One linear layer on the feature vector: a logit per image."""

    type: Literal["linear"] = "linear"

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return LinearModule(trunk.features)


class LinearModule(HeadModule):
    """Features (N, F) to logits (N,). The condition is not used."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 1)
        init_normal(self)

    def forward(self, features: Features, condition: Values) -> Tensor:
        logits = self.layer(features.vector).flatten()
        assert isinstance(logits, Tensor)
        return logits
