"""The latent `bernoulli`: a switch."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import Bernoulli as BernoulliDistribution

from gan_run import Control, Latent, LatentContext, LatentModule


class Bernoulli(Latent):
    """A binary value: 1 with `probability`, else 0. The generator's input is 1 or -1."""

    type: Literal["bernoulli"] = "bernoulli"
    probability: float = Field(default=0.5, gt=0, lt=1, description="Probability of on.")

    def build(self, context: LatentContext) -> "BernoulliModule":
        return BernoulliModule(self.probability)


class BernoulliModule(LatentModule):
    """Values are 0 or 1, int64 (N,). The posterior has one parameter, the log-odds of 1."""

    width = posterior_width = 1
    cardinality = 2

    def __init__(self, probability: float) -> None:
        super().__init__()
        self._probability = probability

    def sample(self, n: int) -> Tensor:
        return (torch.rand(n, device=self.device) < self._probability).long()

    def embed(self, value: Tensor) -> Tensor:
        return (value * 2 - 1).to(torch.get_default_dtype()).unsqueeze(-1)

    def posterior(self, params: Tensor) -> BernoulliDistribution:
        return BernoulliDistribution(logits=params[..., 0], validate_args=False)

    def log_likelihood(self, params: Tensor, value: Tensor) -> Tensor:
        return super().log_likelihood(params, value.to(torch.get_default_dtype()))

    def estimate(self, params: Tensor) -> Tensor:
        # The distribution's mode is NaN at log-odds 0.
        return (params[..., 0] > 0).long()

    def entropy(self) -> Tensor:
        chances = (self._probability, 1 - self._probability)
        both = torch.stack([torch.full((), chance, device=self.device) for chance in chances])
        entropy: Tensor = torch.special.entr(both).sum()
        return entropy

    def log_prior(self, value: Tensor) -> Tensor:
        return torch.where(value == 1, math.log(self._probability), math.log(1 - self._probability))

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return torch.arange(2, device=self.device)

    def control(self) -> Control:
        return Control.switch()

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return (1 + self.log_likelihood(params, value).mean() / self.entropy()).clamp(0, 1)
