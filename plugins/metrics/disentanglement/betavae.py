"""The BetaVAE score."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import Headline
from gan_run.plugins.metrics.disentanglement.representation import Categories, Numbers, Representation
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore
from gan_run.plugins.metrics.disentanglement.shared_factor import SharedFactor

CHUNK = 1000
"""Batches whose codes are in memory at once."""


class BetaVAEScore(DisentanglementScore):
    """The BetaVAE score (Higgins et al. 2017, section 3), as in disentanglement_lib.

    A linear classifier (logistic regression) says which factor the two images of each pair share, from the mean over a
    batch of pairs of the absolute difference of their codes. The score is its accuracy on fresh batches.
    """

    headlines = (Headline("score"),)
    type: Literal["betavae-score"] = "betavae-score"
    batch: int = Field(default=64, ge=1, description="Number of pairs in a batch.")
    fitted: int = Field(default=10000, ge=2, description="Number of batches that the classifier is fitted to.")
    scored: int = Field(default=5000, ge=1, description="Number of batches that are scored.")

    def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
        # sklearn is slow to import, and every command loads this plugin.
        from sklearn.linear_model import LogisticRegression

        shared = SharedFactor(encoded.factors, draws)
        fitted_on, scored_on = (self._batches(encoded.codes, shared, count) for count in (self.fitted, self.scored))
        classifier = LogisticRegression(max_iter=1000).fit(*fitted_on)
        return {"score": float(classifier.score(*scored_on)), "fitted_score": float(classifier.score(*fitted_on))}

    def _batches(self, codes: Numbers, shared: SharedFactor, count: int) -> tuple[Numbers, Categories]:
        """Mean differences, (count, D), and the factor of each."""
        differences, factors = [], []
        for start in range(0, count, CHUNK):
            factor, rows = shared.pairs(min(CHUNK, count - start), self.batch)
            differences.append(np.abs(codes[rows[..., 0]] - codes[rows[..., 1]]).mean(axis=1))
            factors.append(factor)
        return np.concatenate(differences), np.concatenate(factors)
