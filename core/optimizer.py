"""What turns gradients into steps."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import nn

from gan_run.core.component import Component
from gan_run.core.schedule import Scheduled


class Optimizer(Component):
    """An optimiser and its learning rate. The engine sets the rate of every step from `lr`."""

    kind: ClassVar[str] = "optimizer"
    lr: Scheduled

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The torch optimiser over one player's parameters; whatever rate it starts with is overwritten."""
