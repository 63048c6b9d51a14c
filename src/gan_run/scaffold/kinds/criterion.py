"""A criterion."""

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Criterion, Model, Splits


class Mine(Criterion):
    """How close the mean images of two runs are."""

    type: Literal["mine"] = "mine"
    samples: int = Field(default=500, ge=1, description="Number of generated images.")

    def agreement(self, models: Sequence[Model], data: Splits) -> Tensor:
        means = torch.stack([model.sample(self.samples, seed=0).mean(0).flatten() for model in models]).double()
        return -torch.cdist(means, means)
