"""The base of real-valued latents: a Gaussian posterior."""

from abc import ABC

from pydantic import Field
from torch import Tensor
from torch.distributions import Normal
from torch.nn import functional as F

from gan_run import Latent, LatentModule, LogLikelihood, log_prob


class NormalPosterior(Latent, ABC):
    """A latent with a Gaussian posterior. By default its variance is one, as in the original InfoGAN code, and the loss
    is half the squared error plus a constant. A learnt standard deviation needs the lower bound `min_std`: without it
    the likelihood is unbounded."""

    learn_std: bool = Field(
        default=False, description="Whether Q also predicts the standard deviation, which is one otherwise."
    )
    min_std: float = Field(default=0.05, gt=0, description="Lower bound of a learnt standard deviation.")


class NormalPosteriorModule(LatentModule, ABC):
    """Values are float (N,). The posterior parameters are the mean and, if the standard deviation is learnt, an
    unconstrained number that softplus maps to it."""

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

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        """The log-likelihood under the single standard deviation that maximises it, given the residuals of the mean."""
        std = (value - self.estimate(params)).square().mean().sqrt().clamp_min(1e-6)

        def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
            return log_prob(Normal(self.estimate(params), std, validate_args=False), value)

        return log_likelihood

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        unexplained = (value - self.estimate(params)).square().mean()
        return (1 - unexplained / value.var(correction=0).clamp_min(1e-12)).clamp(0, 1)
