"""RMSprop."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from gan_run import Optimizer


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012, lecture 6e). The original Wasserstein GAN uses it with a learning rate of 5e-5 and, for the
    critic, `clip_weights` of 0.01."""

    type: Literal["rmsprop"] = "rmsprop"
    alpha: float = Field(default=0.99, ge=0, lt=1, description="Decay rate of the average of squared gradients.")
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator, against division by zero.")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, alpha=self.alpha, eps=self.eps)
