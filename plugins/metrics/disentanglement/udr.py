"""The criterion `udr`."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_run import Criterion, DataInfo, ImageSet, Model, Problem, SpecView, Split, Splits, compare_pairs
from gan_run.plugins.metrics.disentanglement.representation import (
    Numbers,
    code_values,
    continuous_dims,
    too_few_numbers,
)

LEAST = 1e-12
"""Keeps a share of zero correlations finite."""


class UDR(Criterion):
    """The unsupervised disentanglement ranking (Duan et al. 2020, arXiv 1905.12614, section 4).

    Codes of real images are compared by Spearman's correlation. Two runs agree if each code of one is correlated with
    one code of the other and with no other code. A code that hardly varies over real images takes no part, where the
    paper leaves out codes whose posterior is close to the prior. The score of a run is the median over the others.
    """

    type: Literal["udr"] = "udr"
    split: Split = Field(default="train", description="The split whose images are encoded.")
    images: int = Field(default=10000, ge=2, description="Number of images at most, drawn at random.")
    least: float = Field(default=0.05, ge=0, description="A code of a smaller standard deviation takes no part.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if why := data.why_no_set(self.split):
            yield Problem(("split",), why)
        yield from too_few_numbers(spec, data)

    def agreement(self, models: Sequence[Model], data: Splits) -> Tensor:
        whole = data[self.split]
        images = whole.select(torch.randperm(whole.count)[: self.images])
        ranks = [self._ranks(_numbers(model, images)) for model in models]
        return compare_pairs(ranks, lambda one, other: similarity(np.abs(one.T @ other)))

    def score(self, others: Tensor) -> float:
        return float(np.median(others.numpy()))

    def _ranks(self, codes: Numbers) -> Numbers:
        """The ranks of the codes that vary, centred and of length one, so that products are Spearman correlations."""
        # scipy.stats takes longer to import than everything that a command needs at its start.
        from scipy.stats import rankdata

        ranks: Numbers = rankdata(codes[:, codes.std(axis=0) >= self.least], axis=0)
        ranks -= ranks.mean(axis=0)
        ranks /= np.linalg.norm(ranks, axis=0)
        return ranks


def _numbers(model: Model, images: ImageSet) -> Numbers:
    return code_values(model, model.encode_set(images), continuous_dims(model.latents, model.codes))


def similarity(correlations: Numbers) -> float:
    """How close a table of absolute correlations is to a permutation (section 4).

    Args:
        correlations: Of the codes of one run (rows) with those of another, in [0, 1].

    Returns:
        In [0, 1]; 0 if a run has no codes.
    """
    if not correlations.size:
        return 0.0
    both = (correlations, correlations.T)
    shares = [(table.max(axis=0) ** 2 / np.maximum(table.sum(axis=0), LEAST)).sum() for table in both]
    return float(sum(shares) / sum(correlations.shape))
