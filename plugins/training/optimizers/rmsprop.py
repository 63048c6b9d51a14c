"""RMSprop."""

from typing import Literal

import torch
from pydantic import Field

from gan_run import Optimizer, ParameterGroup


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012, lecture 6e).

    The first Wasserstein GAN used it with the learning rate 5e-5 and `clip_weights` 0.01 for the critic.
    """

    type: Literal["rmsprop"] = "rmsprop"
    alpha: float = Field(default=0.99, ge=0, lt=1, description="Decay of the moving average of squared gradients.")
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator.")

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, alpha=self.alpha, eps=self.eps)
