"""Adam and AdamW."""

from collections.abc import Iterable
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from gan_run import Optimizer

Beta = Annotated[float, Field(ge=0, lt=1)]


class Adam(Optimizer):
    """Adam (Kingma & Ba 2014, arXiv 1412.6980), by default with the betas of DCGAN and InfoGAN."""

    type: Literal["adam"] = "adam"
    betas: tuple[Beta, Beta] = Field(
        default=(0.5, 0.999), description="Decays of the moving averages of the gradient and of its square."
    )
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator, against division by zero.")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, betas=self.betas, eps=self.eps, fused=True)


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2017, arXiv 1711.05101)."""

    type: Literal["adamw"] = "adamw"
    betas: tuple[Beta, Beta] = Field(
        default=(0.5, 0.999), description="Decays of the moving averages of the gradient and of its square."
    )
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator.")
    weight_decay: float = Field(default=0.01, ge=0, description="Weight decay per step, relative to the learning rate.")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, betas=self.betas, eps=self.eps, weight_decay=self.weight_decay, fused=True)
