"""How strongly two lists of numbers go together, in [0, 1], by what kind of numbers they are."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BINS = 20
"""Equally filled bins that continuous numbers fall into where they are compared with categories."""


class Variable(NamedTuple):
    """Numbers (N,) of a code or a factor. An angle is in radians."""

    kind: Literal["continuous", "angle", "categorical"]
    values: Numbers


class Association(NamedTuple):
    """A strength in [0, 1], and the measure that it was found by."""

    strength: float
    measure: Literal["spearman", "circular-linear", "circular", "nmi"]


def associate(one: Variable, other: Variable) -> Association:
    """The strength of what holds between two variables; zero where one of them never changes.

    |Spearman's rank correlation| between two that are continuous; the multiple correlation of a continuous one with
    an angle's cosine and sine, and the canonical one of two angles (Mardia & Jupp 2000, sections 11.2.1 and 11.2.2);
    with categories, normalised mutual information (arithmetic mean), continuous ones in 20 equally filled bins.
    """
    if "categorical" in (one.kind, other.kind):
        return Association(_normalised_information(_as_categories(one), _as_categories(other)), "nmi")
    if one.kind == other.kind == "continuous":
        return Association(_spearman(one.values, other.values), "spearman")
    measure: Literal["circular", "circular-linear"] = "circular" if one.kind == other.kind else "circular-linear"
    return Association(_canonical_correlation(_as_columns(one), _as_columns(other)), measure)


def _spearman(one: Numbers, other: Numbers) -> float:
    # scipy.stats takes longer to import than all of this plugin, which every command loads.
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return abs(float(spearmanr(one, other).statistic))


def _as_columns(variable: Variable) -> Numbers:
    """(N, 1), ranks of continuous numbers so that only their order counts; (N, 2), cosine and sine of angles."""
    from scipy.stats import rankdata

    if variable.kind == "angle":
        return np.stack([np.cos(variable.values), np.sin(variable.values)], axis=1)
    return np.asarray(rankdata(variable.values), dtype=np.float64)[:, None]


def _canonical_correlation(one: Numbers, other: Numbers) -> float:
    """The highest correlation of any linear combination of columns with any of the others': (N, P) and (N, Q)."""
    cosines = np.linalg.svd(_orthonormal(one).T @ _orthonormal(other), compute_uv=False)
    return float(cosines.max(initial=0.0).clip(0, 1))


def _orthonormal(columns: Numbers) -> Numbers:
    """A basis of what the columns span about their means, (N, rank)."""
    basis, sizes, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    return basis[:, sizes > 1e-9 * np.linalg.norm(columns)]  # a column that never changes leaves but rounding


def _as_categories(variable: Variable) -> Numbers:
    if variable.kind == "categorical" or len(np.unique(variable.values)) <= BINS:
        return variable.values
    edges = np.quantile(variable.values, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.digitize(variable.values, edges).astype(np.float64)


def _normalised_information(one: Numbers, other: Numbers) -> float:
    from sklearn.metrics import normalized_mutual_info_score

    numbered = [np.unique(values, return_inverse=True)[1] for values in (one, other)]
    if any(len(np.unique(values)) < 2 for values in numbered):
        return 0.0  # where neither ever changes, the normalised information would count as perfect
    return float(np.clip(normalized_mutual_info_score(*numbered), 0, 1))
