"""The association of two variables, in [0, 1], by their kinds."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BINS = 20
"""Number of quantile bins of a continuous variable that is compared with categories."""


class Variable(NamedTuple):
    """The values (N,) of a code or a factor. Angles are in radians."""

    kind: Literal["continuous", "angle", "categorical"]
    values: Numbers


class Association(NamedTuple):
    """An association in [0, 1], and the measure that gave it."""

    strength: float
    measure: Literal["spearman", "circular-linear", "circular", "nmi"]


def associate(one: Variable, other: Variable) -> Association:
    """The association of two variables; 0 where one of them is constant.

    Two continuous variables: |Spearman's rank correlation|. A continuous one and an angle: the multiple correlation
    with cosine and sine; two angles: the canonical correlation (Mardia & Jupp 2000, sections 11.2.1 and 11.2.2). With a
    category: normalised mutual information (arithmetic mean), continuous variables in 20 quantile bins.

    Args:
        one: N values.
        other: N values.

    Returns:
        The association and its measure.
    """
    if "categorical" in (one.kind, other.kind):
        return Association(_normalised_information(_as_categories(one), _as_categories(other)), "nmi")
    if one.kind == other.kind == "continuous":
        return Association(_spearman(one.values, other.values), "spearman")
    measure: Literal["circular", "circular-linear"] = "circular" if one.kind == other.kind else "circular-linear"
    return Association(_canonical_correlation(_as_columns(one), _as_columns(other)), measure)


def _spearman(one: Numbers, other: Numbers) -> float:
    # scipy.stats is slow to import, and every command loads this plugin.
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return abs(float(spearmanr(one, other).statistic))


def _as_columns(variable: Variable) -> Numbers:
    """Ranks of continuous numbers, (N, 1); cosine and sine of angles, (N, 2)."""
    from scipy.stats import rankdata

    if variable.kind == "angle":
        return np.stack([np.cos(variable.values), np.sin(variable.values)], axis=1)
    return np.asarray(rankdata(variable.values), dtype=np.float64)[:, None]


def _canonical_correlation(one: Numbers, other: Numbers) -> float:
    """The largest correlation of linear combinations of the columns (N, P) and of the columns (N, Q)."""
    cosines = np.linalg.svd(_orthonormal(one).T @ _orthonormal(other), compute_uv=False)
    return float(cosines.max(initial=0.0).clip(0, 1))


def _orthonormal(columns: Numbers) -> Numbers:
    """An orthonormal basis of the centred columns, (N, rank)."""
    basis, sizes, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    return basis[:, sizes > 1e-9 * np.linalg.norm(columns)]  # a constant column leaves rounding errors alone


def _as_categories(variable: Variable) -> Numbers:
    if variable.kind == "categorical" or len(np.unique(variable.values)) <= BINS:
        return variable.values
    edges = np.quantile(variable.values, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.digitize(variable.values, edges).astype(np.float64)


def _normalised_information(one: Numbers, other: Numbers) -> float:
    from sklearn.metrics import normalized_mutual_info_score

    numbered = [np.unique(values, return_inverse=True)[1] for values in (one, other)]
    if any(len(np.unique(values)) < 2 for values in numbered):
        return 0.0  # of two constants the normalised information would be 1
    return float(np.clip(normalized_mutual_info_score(*numbered), 0, 1))
