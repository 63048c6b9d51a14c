"""The head `joint`."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Literal

import torch
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
)


class Joint(Head):
    """Fully connected layers on the features and the condition side by side, as in ALI (Dumoulin et al. 2016, arXiv
    1606.00704, appendix A), where the condition is the noise of an image."""

    type: Literal["joint"] = "joint"
    on: tuple[str, ...] = Field(
        default=("z",),
        min_length=1,
        description="Names of the condition: latents that observe a column of the data, or that a loss computes.",
    )
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(256, 256), max_length=100, description="Widths of the hidden layers."
    )
    slope: float = Field(default=0.2, ge=0, description="Negative slope of the leaky ReLU.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, name in enumerate(self.on):
            yield from spec.check_condition(name, "on", index)

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return JointModule(self, trunk.features, latents)


class JointModule(HeadModule):
    """Features (N, F) and the condition to logits (N,)."""

    def __init__(self, declared: Joint, features: int, latents: LatentSpace) -> None:
        super().__init__()
        self._on = declared.on
        self._latents = Borrowed(latents)
        widths = [features + sum(latents[name].width for name in declared.on), *declared.hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.LeakyReLU(declared.slope)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, features: Features, condition: Values) -> Tensor:
        embedded = self._latents.module.embed_known(self._on, condition)
        logits = self.layers(torch.cat([features.vector, embedded], dim=1)).flatten()
        assert isinstance(logits, Tensor)
        return logits
