"""Optimizers."""

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
    """An optimizer of one player's parameters, and its learning rate."""

    kind: ClassVar[str] = "optimizer"
    lr: Scheduled = Field(description="Learning rate: a number or a schedule.")
    clip_weights: float | None = Field(
        default=None,
        gt=0,
        description="Bound on the size of each weight, kept after every update: of the discriminator's trunk and head, "
        "where its player trains more; of all that any other player trains.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if isinstance(self.lr, float) and self.lr < 0:
            yield Problem(("lr",), f"{self.lr:g}: a learning rate cannot be negative")

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Build the torch optimizer of one player.

        Args:
            parameters: The player's parameters.

        Returns:
            The optimizer. The engine sets its learning rate to `lr` before every step, so any initial one will do.
            Its state must consist of tensors, since checkpoints hold nothing else.

        Example:
            type: Literal["sgd"] = "sgd"

            def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
                return torch.optim.SGD(parameters, lr=0.0, momentum=0.9)
        """
