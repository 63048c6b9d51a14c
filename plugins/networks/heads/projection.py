"""The projection head of conditional GANs."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    Borrowed,
    Features,
    Head,
    HeadModule,
    LatentSpace,
    Problem,
    SpecView,
    TrunkModule,
    Values,
    init_normal,
)


class Projection(Head):
    """The projection discriminator (Miyato & Koyama 2018, arXiv 1802.05637, equation 3).

    The logit is a linear layer's output plus the inner product of the features with an embedding of the condition:
    a class, a number, an angle or a vector, or several of them. What is not known of an image is left out.
    """

    type: Literal["projection"] = "projection"
    on: str | tuple[str, ...] = Field(
        default="label",
        description="Name of the condition, or several: latents that observe a column of the data, or that a loss "
        "computes.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for name in self._names:
            yield from spec.check_condition(name, "on")

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return ProjectionModule(trunk.features, latents, self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.on,) if isinstance(self.on, str) else self.on


class ProjectionModule(HeadModule):
    """Features (N, F) and the condition to logits (N,)."""

    def __init__(self, features: int, latents: LatentSpace, on: tuple[str, ...]) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 1)
        self.embedding = nn.Linear(sum(latents[name].width for name in on), features, bias=False)
        self._on = on
        self._latents = Borrowed(latents)
        init_normal(self)

    def forward(self, features: Features, condition: Values) -> Tensor:
        embedded = self.embedding(self._latents.module.embed_known(self._on, condition))
        logits = self.layer(features.vector).flatten() + (embedded * features.vector).sum(dim=1)
        assert isinstance(logits, Tensor)
        return logits
