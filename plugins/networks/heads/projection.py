"""The projection head."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    Borrowed,
    Features,
    Head,
    HeadModule,
    LatentModule,
    LatentSpace,
    Problem,
    SpecView,
    TrunkModule,
    Values,
    init_normal,
)


class Projection(Head):
    """The projection discriminator (Miyato & Koyama 2018, arXiv 1802.05637, equation 3): a linear layer on the
    feature vector, plus the inner product of the vector with an embedding of the condition."""

    type: Literal["projection"] = "projection"
    on: str = Field(default="label", description="The latent that is the condition, of type label.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return spec.check_condition(self.on, "on")

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return ProjectionModule(trunk.features, latents[self.on], self.on)


class ProjectionModule(HeadModule):
    """Logits (N,); the condition must hold the latent `on`."""

    def __init__(self, features: int, latent: LatentModule, on: str) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 1)
        self.embedding = nn.Linear(latent.width, features, bias=False)
        self._on = on
        self._latent = Borrowed(latent)
        init_normal(self)

    def forward(self, features: Features, condition: Values) -> Tensor:
        latent = self._latent.module
        embedded = self.embedding(latent.embed(condition[self._on]))
        logits = self.layer(features.vector).flatten() + (embedded * features.vector).sum(dim=1)
        assert isinstance(logits, Tensor)
        return logits
