"""A categorical latent whose prior is trained with the generator."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.distributions import Categorical
from torch.nn import functional as F

from gan_run import Latent, LatentContext, LatentModule


class LearntCategorical(Latent):
    """One of `classes` categories, whose probabilities are trained with the generator by the Gumbel-softmax estimator
    (Jang et al. 2017, arXiv 1611.01144; Ojha et al. 2020, arXiv 1910.01112, section 3.1)."""

    type: Literal["learnt-categorical"] = "learnt-categorical"
    classes: int = Field(ge=2, description="The number of categories.")
    temperature: float = Field(default=0.1, gt=0, description="Temperature of the relaxed one-hot vectors in training.")

    def build(self, context: LatentContext) -> "LearntCategoricalModule":
        return LearntCategoricalModule(self.classes, self.temperature)


class LearntCategoricalModule(LatentModule):
    """Values are category indices, int64 (N,). The posterior parameters are one logit per category."""

    def __init__(self, classes: int, temperature: float) -> None:
        super().__init__()
        self.width = self.posterior_width = self.cardinality = self.classes = classes
        self.logits = nn.Parameter(torch.zeros(classes))
        self._temperature = temperature

    @property
    def frequencies(self) -> Tensor:
        """The probability of each category, (classes,)."""
        return self.logits.detach().softmax(dim=0)

    def sample(self, n: int) -> Tensor:
        return torch.multinomial(self.frequencies, n, replacement=True)

    def embed(self, value: Tensor) -> Tensor:
        """One-hot vectors (N, classes); in training relaxed ones, whose gradient trains the frequencies."""
        if not self.training:
            return F.one_hot(value, self.classes).to(self.logits.dtype)
        log_probabilities = self.logits.log_softmax(dim=0)
        with torch.no_grad():
            noise = perturbed(log_probabilities, value) - log_probabilities
        # The noise was drawn given the category, but the gradient is that of an unconditional draw.
        return ((log_probabilities + noise) / self._temperature).softmax(dim=-1)

    def posterior(self, params: Tensor) -> Categorical:
        return Categorical(logits=params, validate_args=False)

    def entropy(self) -> Tensor:
        # Without a gradient, as in the paper: else the mutual information would make the categories equally frequent.
        return -torch.xlogy(self.frequencies, self.frequencies).sum()

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return torch.arange(self.classes, device=self.device)

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        entropy = self.entropy().clamp(min=1e-6)
        return (1 + self.log_likelihood(params, value).mean() / entropy).clamp(0, 1)


def perturbed(log_probabilities: Tensor, value: Tensor) -> Tensor:
    """Log-probabilities plus Gumbel noise, conditional on which category is the largest.

    The maximum is standard Gumbel distributed; the others are Gumbel variables truncated at it (Maddison et al. 2014,
    arXiv 1411.0030).

    Args:
        log_probabilities: (K,).
        value: Indices (...) of the categories that are the largest.

    Returns:
        (..., K).
    """
    gumbel = -torch.empty(*value.shape, len(log_probabilities), device=value.device).exponential_().log()
    largest = gumbel.gather(-1, value.unsqueeze(-1))
    others = -torch.logaddexp(-(log_probabilities + gumbel), -largest)
    return others.scatter(-1, value.unsqueeze(-1), largest)
