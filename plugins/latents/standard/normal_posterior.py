"""The Gaussian posterior that real-valued latents share."""

from abc import ABC

from pydantic import Field
from torch import Tensor
from torch.distributions import Normal
from torch.nn import functional as F

from gan_run import Latent, LatentModule, LogLikelihood, full_precision, log_prob


class NormalPosterior(Latent, ABC):
    """A latent whose Q is Gaussian.

    The original code fixes the variance to 1, which makes the information term a least-squares loss. A learnt variance
    needs a lower bound: without one the likelihood is unbounded.
    """

    learn_std: bool = Field(default=False, description="Whether Q predicts the standard deviation; otherwise it is 1.")
    min_std: float = Field(default=0.05, gt=0, description="Lower bound of a predicted standard deviation.")


class NormalPosteriorModule(LatentModule, ABC):
    """Values are real numbers, float (N,). Posterior parameters are the mean and, if learnt, an unconstrained std."""

    width = 1

    def __init__(self, declared: NormalPosterior) -> None:
        super().__init__()
        self._learn_std = declared.learn_std
        self._min_std = declared.min_std
        self.posterior_width = 2 if declared.learn_std else 1

    def embed(self, value: Tensor) -> Tensor:
        return value.unsqueeze(-1)

    def posterior(self, params: Tensor) -> Normal:
        mean = params[..., 0]
        std = self._min_std + F.softplus(params[..., 1]) if self._learn_std else mean.new_ones(())
        return Normal(mean, std, validate_args=False)

    def deviation(self, params: Tensor) -> Tensor | None:
        return self.posterior(full_precision(params)).stddev if self._learn_std else None

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        """The log-likelihood under the maximum-likelihood standard deviation of the residuals."""
        std = (value - self.estimate(params)).square().mean().sqrt().clamp_min(1e-6)

        def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
            return log_prob(Normal(self.estimate(params), std, validate_args=False), value)

        return log_likelihood

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return r2(self.estimate(params), value)


def r2(estimate: Tensor, value: Tensor) -> Tensor:
    """The share of the variance of values (N,) that estimates explain, in [0, 1]."""
    unexplained = (value - estimate).square().mean()
    return (1 - unexplained / value.var(correction=0).clamp_min(1e-12)).clamp(0, 1)
