"""Mutual information of discretised codes with factors: MIG, and modularity with explicitness."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import Headline
from gan_run.plugins.metrics.disentanglement.representation import Categories, Numbers, Representation
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore


class MIG(DisentanglementScore):
    """The mutual information gap (Chen et al. 2018, arXiv 1802.04942, equation 6), as in disentanglement_lib.

    For each factor: the information of the code that has the most of it, less that of the second, as a share of the
    factor's entropy. Codes are divided into intervals of equal width.
    """

    headlines = (Headline("score"),)
    type: Literal["mig"] = "mig"
    fitted: int = Field(default=10000, ge=10, description="Number of images.")
    intervals: int = Field(default=20, ge=2, description="Number of intervals of each code.")

    def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
        encoded = encoded.rows(np.arange(min(self.fitted, len(encoded.codes))))
        information = information_table(encoded, self.intervals)
        entropies = np.array([mutual_information(column, column) for column in encoded.factors.T])
        best = np.sort(information, axis=0)
        gaps = (best[-1] - best[-2]) / entropies
        return {"score": float(gaps.mean())}


class ModularityExplicitness(DisentanglementScore):
    """Modularity and explicitness (Ridgeway & Mozer 2018, arXiv 1802.05312, section 3), as in disentanglement_lib.

    Modularity is one if each code has information on one factor alone. Explicitness is the area under the ROC curve of
    a linear classifier (each value of a factor against the others) on images that it was not fitted to. The classifier
    is one logistic regression of all values, as in disentanglement_lib with scikit-learn 0.22 or later; the paper, and
    the library with older ones, fit one for each value, which cannot tell the middle values of a number.
    """

    headlines = (Headline("modularity"), Headline("explicitness"))
    type: Literal["modularity-explicitness"] = "modularity-explicitness"
    fitted: int = Field(default=10000, ge=10, description="Number of images that are fitted to.")
    scored: int = Field(default=5000, ge=10, description="Number of other images that are scored.")
    intervals: int = Field(default=20, ge=2, description="Number of intervals of each code.")

    def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
        fitted_on, scored_on = encoded.split(self.fitted, self.scored)
        return {
            "modularity": modularity(information_table(fitted_on, self.intervals)),
            "explicitness": float(np.mean([_area(fitted_on, scored_on, k) for k in range(encoded.factors.shape[1])])),
        }


def information_table(encoded: Representation, intervals: int) -> Numbers:
    """I(code; factor) in nats, (codes, factors)."""
    codes = [discretise(column, intervals) for column in encoded.codes.T]
    return np.array([[mutual_information(code, factor) for factor in encoded.factors.T] for code in codes])


def discretise(values: Numbers, intervals: int) -> Categories:
    """The interval of each value, of equal widths from the least to the greatest value."""
    edges = np.histogram_bin_edges(values, intervals)[1:-1]
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def mutual_information(one: Categories, other: Categories) -> float:
    """The mutual information of two discrete variables, in nats, from their joint frequencies."""
    joint = np.zeros((int(one.max()) + 1, int(other.max()) + 1))
    np.add.at(joint, (one, other), 1 / len(one))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / independent[seen])).sum())


def modularity(information: Numbers) -> float:
    """The mean over codes of how far each is from having information on one factor alone (equation 2); 0 for a code
    without any."""
    squares = np.square(information)
    most = squares.max(axis=1)
    others = squares.sum(axis=1) - most
    with np.errstate(invalid="ignore"):
        shares = 1 - others / (most * (squares.shape[1] - 1))
    return float(np.where(most > 0, shares, 0).mean())


def _area(fitted_on: Representation, scored_on: Representation, factor: int) -> float:
    """The area under the ROC curve, its mean over the values of a factor that both sets have."""
    # sklearn is slow to import, and every command loads this plugin.
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    mean, std = fitted_on.codes.mean(axis=0), fitted_on.codes.std(axis=0)
    std = np.where(std > 0, std, 1)
    values = scored_on.factors[:, factor]
    classifier = LogisticRegression(max_iter=1000)
    classifier.fit((fitted_on.codes - mean) / std, fitted_on.factors[:, factor])
    shares = classifier.predict_proba((scored_on.codes - mean) / std)
    areas = [
        roc_auc_score(values == value, shares[:, column])
        for column, value in enumerate(classifier.classes_)
        if 0 < (values == value).sum() < len(values)
    ]
    return float(np.mean(areas))
