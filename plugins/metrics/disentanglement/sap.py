"""The SAP score."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import Headline, track_progress
from gan_run.plugins.metrics.disentanglement.representation import Numbers, Representation
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore


class SAP(DisentanglementScore):
    """The separated attribute predictability score (Kumar et al. 2018, arXiv 1711.00848, section 3), as in
    disentanglement_lib.

    A linear support vector machine predicts each factor from each code alone. The score is the accuracy with the best
    code less that with the second, its mean over factors.
    """

    headlines = (Headline("score"),)
    type: Literal["sap"] = "sap"
    fitted: int = Field(default=10000, ge=10, description="Number of images that are fitted to.")
    scored: int = Field(default=5000, ge=10, description="Number of other images that are scored.")

    def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
        fitted_on, scored_on = encoded.split(self.fitted, self.scored)
        table = np.empty((encoded.codes.shape[1], encoded.factors.shape[1]))
        cells = [(code, factor) for code in range(table.shape[0]) for factor in range(table.shape[1])]
        for code, factor in track_progress(cells, "sap: classifiers"):
            table[code, factor] = _accuracy(fitted_on, scored_on, code, factor)
        return {"score": gap(table)}


def gap(table: Numbers) -> float:
    """The best accuracy less the second best, its mean over factors; `table` is (codes, factors)."""
    best = np.sort(table, axis=0)
    return float((best[-1] - best[-2]).mean())


def _accuracy(fitted_on: Representation, scored_on: Representation, code: int, factor: int) -> float:
    # sklearn is slow to import, and every command loads this plugin.
    from sklearn.svm import LinearSVC

    classifier = LinearSVC(C=0.01, class_weight="balanced", dual=False)
    classifier.fit(fitted_on.codes[:, [code]], fitted_on.factors[:, factor])
    return float(classifier.score(scored_on.codes[:, [code]], scored_on.factors[:, factor]))
