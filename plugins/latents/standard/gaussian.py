"""The latent `gaussian`: a normally distributed number."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import Normal

from gan_run import LatentContext, log_prob
from gan_run.plugins.latents.standard.normal_posterior import NormalPosterior, NormalPosteriorModule


class Gaussian(NormalPosterior):
    """A real number with a normal prior N(`mean`, `std`**2)."""

    type: Literal["gaussian"] = "gaussian"
    mean: float = Field(default=0.0, description="Mean of the prior.")
    std: float = Field(default=1.0, gt=0, description="Standard deviation of the prior.")

    def build(self, context: LatentContext) -> "GaussianModule":
        return GaussianModule(self)


class GaussianModule(NormalPosteriorModule):
    """Values are real numbers, float (N,), from N(mean, std**2)."""

    def __init__(self, declared: Gaussian) -> None:
        super().__init__(declared)
        self._mean, self._std = declared.mean, declared.std

    def sample(self, n: int) -> Tensor:
        return self._mean + self._std * torch.randn(n, device=self.device)

    def entropy(self) -> Tensor:
        return torch.full((), 0.5 * math.log(2 * math.pi * math.e) + math.log(self._std), device=self.device)

    def log_prior(self, value: Tensor) -> Tensor:
        return log_prob(Normal(self._mean, self._std, validate_args=False), value)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        """Numbers from `low` to `high`; by default from two standard deviations below the mean to two above."""
        low = self._mean - 2 * self._std if low is None else low
        high = self._mean + 2 * self._std if high is None else high
        return torch.linspace(low, high, steps, device=self.device)
