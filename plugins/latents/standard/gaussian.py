"""A Gaussian latent."""

import math
from typing import Literal

import torch
from torch import Tensor

from gan_run import LatentContext
from gan_run.plugins.latents.standard.normal_posterior import NormalPosterior, NormalPosteriorModule


class Gaussian(NormalPosterior):
    """A real number with a standard normal prior."""

    type: Literal["gaussian"] = "gaussian"

    def build(self, context: LatentContext) -> "GaussianModule":
        return GaussianModule(self)


class GaussianModule(NormalPosteriorModule):
    """Values are float (N,), standard normal. The posterior is Gaussian."""

    def sample(self, n: int) -> Tensor:
        return torch.randn(n, device=self.device)

    def entropy(self) -> Tensor:
        return torch.tensor(0.5 * math.log(2 * math.pi * math.e), device=self.device)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        """Evenly spaced values, by default from -2 to 2 standard deviations."""
        return torch.linspace(-2 if low is None else low, 2 if high is None else high, steps, device=self.device)
