"""An optimizer."""

from typing import Literal

import torch
from pydantic import Field

from gan_run import Optimizer, ParameterGroup


class Mine(Optimizer):
    """Gradient descent with momentum."""

    type: Literal["mine"] = "mine"
    momentum: float = Field(default=0.5, gt=0, lt=1, description="Decay of the moving average of gradients.")

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=0.0, momentum=self.momentum)
