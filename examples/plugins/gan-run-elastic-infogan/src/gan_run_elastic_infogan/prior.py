"""A category whose frequencies the generator learns."""

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
    classes: int = Field(ge=2)
    temperature: float = Field(default=0.1, gt=0, description="Of the relaxed category that training sees.")

    def build(self, context: LatentContext) -> "LearntCategoricalModule":
        return LearntCategoricalModule(self.classes, self.temperature)


class LearntCategoricalModule(LatentModule):
    """Values are class indices, int64 (N,); Q gives one logit per class."""

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
        """One-hot rows; in training relaxed ones, whose gradient trains the frequencies."""
        if not self.training:
            return F.one_hot(value, self.classes).to(self.logits.dtype)
        log_probabilities = self.logits.log_softmax(dim=0)
        with torch.no_grad():
            noise = perturbed(log_probabilities, value) - log_probabilities
        # By value what was drawn given the category; by gradient what an unconditional draw of the noise has.
        return ((log_probabilities + noise) / self._temperature).softmax(dim=-1)

    def posterior(self, params: Tensor) -> Categorical:
        return Categorical(logits=params, validate_args=False)

    def entropy(self) -> Tensor:
        # Without a gradient, as in the paper: the information term is not to make categories equally frequent.
        return -torch.xlogy(self.frequencies, self.frequencies).sum()

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return torch.arange(self.classes, device=self.device)

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        entropy = self.entropy().clamp(min=1e-6)
        return (1 + self.log_likelihood(params, value).mean() / entropy).clamp(0, 1)


def perturbed(log_probabilities: Tensor, value: Tensor) -> Tensor:
    """Log-probabilities (K,) plus Gumbel noise, drawn given that the category `value` (...) is the largest: (..., K).

    The largest of all has standard Gumbel noise of its own; the others are bounded by it (Maddison et al. 2014,
    arXiv 1411.0030).
    """
    gumbel = -torch.empty(*value.shape, len(log_probabilities), device=value.device).exponential_().log()
    largest = gumbel.gather(-1, value.unsqueeze(-1))
    others = -torch.logaddexp(-(log_probabilities + gumbel), -largest)
    return others.scatter(-1, value.unsqueeze(-1), largest)
