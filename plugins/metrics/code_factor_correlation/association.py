"""The strength of association of two variables, in [0, 1], by a measure that suits their kinds."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BINS = 20
"""Number of equally filled bins for continuous values that are compared with categories."""


class Variable(NamedTuple):
    """The values (N,) of a code or a factor. Angles are in radians."""

    kind: Literal["continuous", "angle", "categorical"]
    values: Numbers


class Association(NamedTuple):
    """A strength in [0, 1] and the measure it is a value of."""

    strength: float
    measure: Literal["spearman", "circular-linear", "circular", "nmi"]


def associate(one: Variable, other: Variable) -> Association:
    """The strength of association of two variables.

    Two continuous variables: the absolute value of Spearman's rank correlation. A continuous variable and an angle: the
    multiple correlation with the angle's cosine and sine (Mardia & Jupp 2000, section 11.2.1). Two angles: their
    canonical correlation (section 11.2.2). With a category: normalised mutual information (arithmetic mean), where
    continuous variables are put into 20 equally filled bins.

    Args:
        one: A variable of N values.
        other: Another of N values.

    Returns:
        The strength in [0, 1] and the name of the measure. A constant variable has strength 0.
    """
    if "categorical" in (one.kind, other.kind):
        return Association(_normalised_information(_as_categories(one), _as_categories(other)), "nmi")
    if one.kind == other.kind == "continuous":
        return Association(_spearman(one.values, other.values), "spearman")
    measure: Literal["circular", "circular-linear"] = "circular" if one.kind == other.kind else "circular-linear"
    return Association(_canonical_correlation(_as_columns(one), _as_columns(other)), measure)


def _spearman(one: Numbers, other: Numbers) -> float:
    # Imported here: scipy.stats takes longer than the rest of this module, which every command imports.
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return abs(float(spearmanr(one, other).statistic))


def _as_columns(variable: Variable) -> Numbers:
    """The ranks (N, 1) of continuous values, so that only their order counts; cosine and sine (N, 2) of angles."""
    from scipy.stats import rankdata

    if variable.kind == "angle":
        return np.stack([np.cos(variable.values), np.sin(variable.values)], axis=1)
    return np.asarray(rankdata(variable.values), dtype=np.float64)[:, None]


def _canonical_correlation(one: Numbers, other: Numbers) -> float:
    """The largest correlation between a linear combination of the columns (N, P) and one of the columns (N, Q)."""
    cosines = np.linalg.svd(_orthonormal(one).T @ _orthonormal(other), compute_uv=False)
    return float(cosines.max(initial=0.0).clip(0, 1))


def _orthonormal(columns: Numbers) -> Numbers:
    """An orthonormal basis (N, rank) of the span of the centred columns."""
    basis, sizes, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    return basis[:, sizes > 1e-9 * np.linalg.norm(columns)]  # a constant column leaves only rounding errors


def _as_categories(variable: Variable) -> Numbers:
    if variable.kind == "categorical" or len(np.unique(variable.values)) <= BINS:
        return variable.values
    edges = np.quantile(variable.values, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.digitize(variable.values, edges).astype(np.float64)


def _normalised_information(one: Numbers, other: Numbers) -> float:
    from sklearn.metrics import normalized_mutual_info_score

    numbered = [np.unique(values, return_inverse=True)[1] for values in (one, other)]
    if any(len(np.unique(values)) < 2 for values in numbered):
        return 0.0  # for two constants, sklearn gives a normalised information of 1
    return float(np.clip(normalized_mutual_info_score(*numbered), 0, 1))
