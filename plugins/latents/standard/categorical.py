"""The latent `categorical`: one of several categories."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import Categorical as CategoricalDistribution
from torch.nn import functional as F

from gan_run import Latent, LatentContext, LatentModule


class Categorical(Latent):
    """One of `classes` equally likely categories. The generator's input is its one-hot vector."""

    type: Literal["categorical"] = "categorical"
    classes: int = Field(ge=2, description="Number of categories.")

    def build(self, context: LatentContext) -> "CategoricalModule":
        return CategoricalModule(self.classes)


class CategoricalModule(LatentModule):
    """Values are category indices, int64 (N,). The posterior parameters are one logit per category."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.width = self.posterior_width = self.cardinality = self.classes = classes

    def sample(self, n: int) -> Tensor:
        return torch.randint(self.classes, (n,), device=self.device)

    def embed(self, value: Tensor) -> Tensor:
        return F.one_hot(value, self.classes).to(torch.get_default_dtype())

    def posterior(self, params: Tensor) -> CategoricalDistribution:
        return CategoricalDistribution(logits=params, validate_args=False)

    def entropy(self) -> Tensor:
        return torch.full((), float(self.classes), device=self.device).log()

    def log_prior(self, value: Tensor) -> Tensor:
        return torch.full(value.shape, -math.log(self.classes), device=value.device)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return torch.arange(self.classes, device=self.device)

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return (1 + self.log_likelihood(params, value).mean() / self.entropy()).clamp(0, 1)
