"""A latent."""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Laplace

from gan_run import Latent, LatentContext, LatentModule, LogLikelihood, log_prob


class Mine(Latent):
    """A real number from the Laplace distribution, with a Laplace posterior of scale one."""

    type: Literal["mine"] = "mine"

    def build(self, context: LatentContext) -> LatentModule:
        return MineModule()


class MineModule(LatentModule):
    """Values are float (N,); the one posterior parameter is the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.width = self.posterior_width = 1

    def sample(self, n: int) -> Tensor:
        one = torch.ones((), device=self.device)
        return Laplace(one * 0, one).sample((n,))

    def embed(self, value: Tensor) -> Tensor:
        return value.unsqueeze(-1)

    def posterior(self, params: Tensor) -> Laplace:
        return Laplace(params[..., 0], torch.ones_like(params[..., 0]), validate_args=False)

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        scale = (value - params[..., 0]).abs().mean().clamp(min=1e-6)

        def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
            return log_prob(Laplace(params[..., 0], scale, validate_args=False), value)

        return log_likelihood

    def entropy(self) -> Tensor:
        return torch.full((), 1 + math.log(2), device=self.device)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return torch.linspace(-2 if low is None else low, 2 if high is None else high, steps, device=self.device)

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        error, spread = (params[..., 0] - value).square().mean(), value.var(correction=0)
        return (1 - error / spread.clamp(min=1e-12)).clamp(0, 1)
