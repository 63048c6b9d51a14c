"""The latent `circular`: an angle."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import VonMises
from torch.nn import functional as F

from gan_run import Latent, LatentContext, LatentModule, LogLikelihood, log_prob

SHARPEST = 1e4
"""Largest concentration that `refit_scale` returns: a standard deviation of 0.01 radians."""


class Circular(Latent):
    """An angle in radians, uniform on the circle; the generator's input is its cosine and sine.

    Q is a von Mises distribution, the circle's counterpart of a Gaussian. Its concentration is 1 / std**2; std is fixed
    to 1 by default, as for a Gaussian Q.
    """

    type: Literal["circular"] = "circular"
    learn_std: bool = Field(default=False, description="Whether Q predicts std; otherwise it is 1.")
    min_std: float = Field(default=0.05, gt=0, description="Lower bound of a predicted std, in radians.")

    def build(self, context: LatentContext) -> "CircularModule":
        return CircularModule(self)


class CircularModule(LatentModule):
    """Values are angles in [-pi, pi), float (N,).

    Posterior parameters are a direction, as a vector of any length above zero, and, if std is learnt, an unconstrained
    std.
    """

    width = 2
    period = 2 * math.pi

    def __init__(self, declared: Circular) -> None:
        super().__init__()
        self._learn_std = declared.learn_std
        self._min_std = declared.min_std
        self.posterior_width = 3 if declared.learn_std else 2

    def sample(self, n: int) -> Tensor:
        return torch.empty(n, device=self.device).uniform_(-math.pi, math.pi)

    def embed(self, value: Tensor) -> Tensor:
        return on_circle(value)

    def posterior(self, params: Tensor) -> VonMises:
        mean, std = self.estimate(params), self.deviation(params)
        return VonMises(mean, mean.new_ones(()) if std is None else std**-2, validate_args=False)

    def deviation(self, params: Tensor) -> Tensor | None:
        return self._min_std + F.softplus(params[..., 2]) if self._learn_std else None

    def estimate(self, params: Tensor) -> Tensor:
        return torch.atan2(params[..., 1], params[..., 0])

    def log_prior(self, value: Tensor) -> Tensor:
        return torch.full_like(value, -math.log(2 * math.pi))

    def entropy(self) -> Tensor:
        return torch.full((), math.log(2 * math.pi), device=self.device)

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        """The log-likelihood under the maximum-likelihood concentration of the errors of the mean direction."""
        concentration = _likeliest_concentration((value - self.estimate(params)).cos().mean())

        def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
            return log_prob(VonMises(self.estimate(params), concentration, validate_args=False), value)

        return log_likelihood

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return circular_r2(self.estimate(params), value)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        """Angles from `low` to `high`; by default one turn without its end, which equals its start."""
        if low is None and high is None:
            return torch.linspace(-math.pi, math.pi, steps + 1, device=self.device)[:-1]
        low, high = -math.pi if low is None else low, math.pi if high is None else high
        return torch.linspace(low, high, steps, device=self.device)


def on_circle(radians: Tensor) -> Tensor:
    """Angles (...) as points (..., 2) on the unit circle."""
    return torch.stack([radians.cos(), radians.sin()], dim=-1)


def circular_r2(estimate: Tensor, value: Tensor) -> Tensor:
    """R2 of angles (N,) in radians, with 1 - cos(error) in place of the squared error, in [0, 1]."""
    unexplained = 1 - (value - estimate).cos().mean()
    spread = 1 - torch.hypot(value.cos().mean(), value.sin().mean())  # about the mean direction of the values
    return (1 - unexplained / spread.clamp_min(1e-12)).clamp(0, 1)


def _likeliest_concentration(mean_cosine: Tensor) -> Tensor:
    """The maximum-likelihood concentration: k with I1(k) / I0(k) = `mean_cosine` (Mardia & Jupp 2000, section 5.3.1).

    The ratio grows with k, so bisection finds it. A mean cosine of zero or less gives the smallest k.
    """
    low, high = torch.full_like(mean_cosine, 1e-3), torch.full_like(mean_cosine, SHARPEST)
    for _ in range(60):
        middle = (low * high).sqrt()
        too_flat = torch.special.i1e(middle) / torch.special.i0e(middle) < mean_cosine
        low, high = torch.where(too_flat, middle, low), torch.where(too_flat, high, middle)
    return low
