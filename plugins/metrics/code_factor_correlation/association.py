"""The association of two variables, in [0, 1], by their kinds."""

import math
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
    with cosine and sine (Mardia & Jupp 2000, section 11.2.1). Two angles: |the circular correlation coefficient| of
    Fisher & Lee (1983, Biometrika 70), 1 if one is the other, turned or mirrored, and 0 if one goes there and back
    while the other goes round. With a category: normalised mutual information (arithmetic mean), continuous variables
    in 20 quantile bins.

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
    if one.kind == other.kind:
        return Association(_circular_correlation(one.values, other.values), "circular")
    angle, continuous = (one, other) if one.kind == "angle" else (other, one)
    return Association(_multiple_correlation(angle.values, continuous.values), "circular-linear")


def _spearman(one: Numbers, other: Numbers) -> float:
    # scipy.stats is slow to import, and every command loads this plugin.
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return abs(float(spearmanr(one, other).statistic))


def _circular_correlation(one: Numbers, other: Numbers) -> float:
    """The coefficient of Fisher & Lee of angles (N,), without its sign, by second moments of cosines and sines."""
    x, y = (_on_circle(angles) / math.sqrt(len(angles)) for angles in (one, other))
    spreads = np.linalg.det(x.T @ x), np.linalg.det(y.T @ y)  # at most 1/4
    if min(spreads) < 1e-12:
        return 0.0  # one of them is constant, or takes two opposite values
    return float(np.clip(abs(np.linalg.det(x.T @ y)) / math.sqrt(math.prod(spreads)), 0, 1))


def _multiple_correlation(angles: Numbers, numbers: Numbers) -> float:
    """The correlation of the ranks of numbers (N,) with their best fit by cosine and sine of angles (N,)."""
    from scipy.stats import rankdata

    ranks = _orthonormal(np.asarray(rankdata(numbers), dtype=np.float64)[:, None])
    return float(np.clip(np.linalg.norm(_orthonormal(_on_circle(angles)).T @ ranks), 0, 1))


def _on_circle(angles: Numbers) -> Numbers:
    """Cosine and sine of angles (N,), as (N, 2)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


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
