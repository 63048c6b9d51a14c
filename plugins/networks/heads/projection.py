"""The projection head of conditional GANs."""

from collections.abc import Iterable
from typing import Literal

import torch
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
    fill_missing,
    init_normal,
    is_known,
)


class Projection(Head):
    """The projection discriminator (Miyato & Koyama 2018, arXiv 1802.05637, equation 3).

    The logit is a linear layer's output plus the inner product of the features with an embedding of the condition:
    a class, a number, an angle or a vector. The inner product is left out where the condition is not known.
    """

    type: Literal["projection"] = "projection"
    on: str = Field(
        default="label",
        description="Name of the condition: a latent that observes a column of the data, or that a loss computes.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return spec.check_condition(self.on, "on")

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return ProjectionModule(trunk.features, latents[self.on], self.on)


class ProjectionModule(HeadModule):
    """Features (N, F) and the condition `on` to logits (N,)."""

    def __init__(self, features: int, latent: LatentModule, on: str) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 1)
        self.embedding = nn.Linear(latent.width, features, bias=False)
        self._on = on
        self._latent = Borrowed(latent)
        init_normal(self)

    def forward(self, features: Features, condition: Values) -> Tensor:
        latent, value = self._latent.module.conditional(condition), condition[self._on]
        embedded = self.embedding(latent.embed(fill_missing(value)))
        product = (embedded * features.vector).sum(dim=1)
        logits = self.layer(features.vector).flatten() + torch.where(is_known(value), product, 0.0)
        assert isinstance(logits, Tensor)
        return logits
