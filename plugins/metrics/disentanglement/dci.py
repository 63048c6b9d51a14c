"""Disentanglement, completeness and informativeness."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import Headline, track_progress
from gan_run.plugins.metrics.disentanglement.representation import Numbers, Representation
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore

LEAST = 1e-11
"""Added to every importance, as in disentanglement_lib: a row of zeros has an entropy."""


class DCI(DisentanglementScore):
    """Disentanglement, completeness and informativeness (Eastwood & Williams 2018, section 2).

    As in disentanglement_lib, gradient-boosted trees predict each factor from all codes. `disentanglement` is one if
    each code is important for one factor alone, `completeness` if one code alone is important for each factor;
    `informativeness` is the accuracy on images that the trees were not fitted to. Trees for factors of many values take
    minutes.
    """

    headlines = (Headline("disentanglement"), Headline("completeness"), Headline("informativeness"))
    type: Literal["dci"] = "dci"
    fitted: int = Field(default=10000, ge=10, description="Number of images that are fitted to.")
    scored: int = Field(default=5000, ge=10, description="Number of other images that are scored.")
    trees: int = Field(default=100, ge=1, description="Number of trees for each value of a factor.")

    def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
        fitted_on, scored_on = encoded.split(self.fitted, self.scored)
        columns, accuracies = [], []
        for factor in track_progress(range(encoded.factors.shape[1]), "dci: trees"):
            importances, accuracy = self._fit(fitted_on, scored_on, factor, int(draws.integers(2**31)))
            columns.append(importances)
            accuracies.append(accuracy)
        table = np.stack(columns, axis=1)
        return {
            "disentanglement": disentanglement(table),
            "completeness": disentanglement(table.T),
            "informativeness": float(np.mean(accuracies)),
        }

    def _fit(
        self, fitted_on: Representation, scored_on: Representation, factor: int, seed: int
    ) -> tuple[Numbers, float]:
        """The importance of each code for a factor, and the accuracy."""
        # sklearn is slow to import, and every command loads this plugin.
        from sklearn.ensemble import GradientBoostingClassifier

        trees = GradientBoostingClassifier(n_estimators=self.trees, random_state=seed)
        trees.fit(fitted_on.codes, fitted_on.factors[:, factor])
        return trees.feature_importances_, float(trees.score(scored_on.codes, scored_on.factors[:, factor]))


def disentanglement(table: Numbers) -> float:
    """One less the entropy of each row, in units of that of a uniform row; rows count by their share of the whole.

    Args:
        table: Importances of codes (rows) for factors (columns). The transposed table gives completeness.
    """
    shares = (table + LEAST) / (table + LEAST).sum(axis=1, keepdims=True)
    entropies = -(shares * np.log(shares)).sum(axis=1) / np.log(table.shape[1])
    weights = table.sum(axis=1) if table.any() else np.ones(len(table))
    return float(((1 - entropies) * weights).sum() / weights.sum())
