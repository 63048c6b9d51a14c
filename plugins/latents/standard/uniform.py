"""The latent `uniform`: a real number in an interval."""

import math
from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import LatentContext, Problem, SpecView
from gan_run.plugins.latents.standard.normal_posterior import NormalPosterior, NormalPosteriorModule


class Uniform(NormalPosterior):
    """A real number with a uniform prior on [`low`, `high`)."""

    type: Literal["uniform"] = "uniform"
    low: float = Field(default=-1.0, description="Lower end of the interval.")
    high: float = Field(default=1.0, description="Upper end of the interval.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if self.low >= self.high:
            yield Problem(("low",), f"{self.low:g} is not below high, {self.high:g}")

    def build(self, context: LatentContext) -> "UniformModule":
        return UniformModule(self)


class UniformModule(NormalPosteriorModule):
    """Values are real numbers, float (N,), in [low, high)."""

    def __init__(self, declared: Uniform) -> None:
        super().__init__(declared)
        self._low, self._high = declared.low, declared.high

    def sample(self, n: int) -> Tensor:
        return torch.empty(n, device=self.device).uniform_(self._low, self._high)

    def entropy(self) -> Tensor:
        return torch.full((), math.log(self._high - self._low), device=self.device)

    def log_prior(self, value: Tensor) -> Tensor:
        inside = (value >= self._low) & (value <= self._high)
        return torch.where(inside, -math.log(self._high - self._low), -math.inf).to(value.dtype)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        low, high = self._low if low is None else low, self._high if high is None else high
        return torch.linspace(low, high, steps, device=self.device)
