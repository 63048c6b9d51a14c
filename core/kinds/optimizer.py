"""What turns gradients into steps."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

import torch
from pydantic import Field
from torch import nn

from gan_run.core.base.errors import Problem
from gan_run.core.kinds.component import Component, SpecView
from gan_run.core.kinds.schedule import Scheduled


class Optimizer(Component):
    """An optimiser and its learning rate. The engine sets the rate of every step from `lr`."""

    kind: ClassVar[str] = "optimizer"
    lr: Scheduled = Field(description="The learning rate.")
    clip_weights: float | None = Field(
        default=None,
        gt=0,
        description="Bound on the size of each weight, kept after every update: of the discriminator's trunk and head, "
        "where its player trains more; of all that any other player trains.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if isinstance(self.lr, float) and self.lr < 0:
            yield Problem(("lr",), f"{self.lr:g} is no learning rate: it cannot be negative")

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The torch optimiser over one player's parameters; whatever rate it starts with is overwritten."""
