"""Criteria by which one of several runs is chosen without labels."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

import torch
from torch import Tensor

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model

Compared = TypeVar("Compared")


class Criterion(Component):
    """How well runs of one experiment agree with each other: the run that agrees best with the others is chosen.

    Runs that learnt what is in the data agree; those that failed differ, each in its own way. `check` and `check_data`
    say which specs a criterion fits; `gan-run select` uses those that fit.
    """

    kind: ClassVar[str] = "criterion"

    @abstractmethod
    def agreement(self, models: Sequence[Model], data: Splits) -> Tensor:
        """Compare every two models.

        Args:
            models: M models with the same latents, trained on the same data.
            data: The data.

        Returns:
            Float (M, M), symmetric: how well two models agree, higher is better. The diagonal is ignored. Random
            numbers come from torch's global generator, which is seeded.

        Example:
            type: Literal["same-brightness"] = "same-brightness"

            def agreement(self, models: Sequence[Model], data: Splits) -> Tensor:
                means = torch.stack([model.sample(100).mean() for model in models])
                return -(means.unsqueeze(0) - means.unsqueeze(1)).abs()
        """

    def score(self, others: Tensor) -> float:
        """Sum up how well a model agrees with the others.

        Args:
            others: Its agreement with each of them, (M - 1,).

        Returns:
            The mean; a criterion that is defined otherwise overrides this method.
        """
        return others.mean().item()


def compare_pairs(runs: Sequence[Compared], compare: Callable[[Compared, Compared], float]) -> Tensor:
    """Compare every two runs by a symmetric measure.

    Args:
        runs: What is compared of each of M runs.
        compare: How well two agree.

    Returns:
        Float64 (M, M), symmetric, with a diagonal of zeros.
    """
    table = torch.zeros(len(runs), len(runs), dtype=torch.float64)
    for one in range(len(runs)):
        for other in range(one):
            table[one, other] = table[other, one] = compare(runs[one], runs[other])
    return table
