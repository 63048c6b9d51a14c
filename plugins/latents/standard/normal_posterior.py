"""What real-valued latents have in common: a Gaussian Q."""

from abc import ABC

from pydantic import Field
from torch import Tensor
from torch.distributions import Normal
from torch.nn import functional as F

from gan_run import Latent, LatentModule, LogLikelihood, log_prob


class NormalPosterior(Latent, ABC):
    """A latent whose Q is Gaussian. The original code fixes its variance to one, so that recovering the code is least
    squares; a learnt variance has no lower bound of its own, hence the floor."""

    learn_std: bool = Field(default=False, description="Whether Q also gives the standard deviation, instead of one.")
    min_std: float = Field(default=0.05, gt=0, description="Floor of a learnt standard deviation.")


class NormalPosteriorModule(LatentModule, ABC):
    """Values are real numbers, float (N,); Q gives the mean and, if it is learnt, an unconstrained deviation."""

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
        """With the one deviation under which the residuals of the mean are likeliest."""
        std = (value - self.estimate(params)).square().mean().sqrt().clamp_min(1e-6)

        def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
            return log_prob(Normal(self.estimate(params), std, validate_args=False), value)

        return log_likelihood

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        unexplained = (value - self.estimate(params)).square().mean()
        return (1 - unexplained / value.var(correction=0).clamp_min(1e-12)).clamp(0, 1)
