"""Columns: what is known of each image of a dataset, one tensor per name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

ColumnKind = Literal["continuous", "angle", "categorical"]
"""The kind of a column's numbers: real numbers; angles in degrees with a period of 360; categories 0, 1, …"""

LABEL = "label"
"""The column that holds the class of each image, where a dataset has classes."""

MISSING = -1
"""The value of a category that is not known. A missing real number or angle is NaN."""

Columns = Mapping[str, Tensor]
"""Columns by name. Each has the value of image i in row i: int64 (M, …) if categorical, else float (M, …)."""


@dataclass(frozen=True)
class Column:
    """The description of a column."""

    kind: ColumnKind
    names: tuple[str, ...] | None = None
    """The names of categories 0, 1, …, where they are known."""
    shape: tuple[int, ...] = ()
    """The shape of the value of one image: () for a number, (D,) for a vector, (C, H, W) for a partner image."""
    unseen: tuple[int, ...] = field(default=(), compare=False)
    """The categories that no training image has, where `DataSource.describe` knows them: see `unseen_categories`."""

    def mistake_in(self, values: Tensor) -> str | None:
        """What is wrong with the values of this column; None if nothing is.

        Args:
            values: The column's values, (M, …).
        """
        if values.shape[1:] != self.shape:
            return f"values of shape {tuple(values.shape[1:])}, and not {self.shape}"
        if self.kind != "categorical":
            if not values.is_floating_point():
                return f"values of type {values.dtype}, and not floating point"
            return "infinite values" if bool(values.isinf().any()) else None
        if values.dtype != torch.int64:
            return f"values of type {values.dtype}, and not torch.int64"
        low, high = (int(values.min()), int(values.max())) if values.numel() else (0, 0)
        if low < MISSING:
            return f"the category {low}: categories are 0, 1, 2, …, and {MISSING} where it is not known"
        if self.names is not None and high >= len(self.names):
            return f"categories up to {high} for {len(self.names)} names"
        return None


def unseen_categories(values: Tensor, count: int) -> tuple[int, ...]:
    """The categories that no image has.

    Args:
        values: int64 (M,): categories, or -1 where it is not known.
        count: The number of categories.

    Returns:
        Those of 0 to `count` - 1 that are not among `values`.
    """
    return tuple(sorted(set(range(count)) - set(values.tolist())))


def is_known(values: Tensor) -> Tensor:
    """Which rows of a column, or of a latent's values, are known.

    Args:
        values: (N, …): integers in which -1 is missing, or real numbers in which NaN is missing.

    Returns:
        Boolean (N,): whether no number of the row is missing.
    """
    known = ~values.isnan() if values.is_floating_point() else values != MISSING
    return known.flatten(1).all(dim=1) if known.dim() > 1 else known


def fill_missing(values: Tensor) -> Tensor:
    """`values` with zero, which every computation accepts, in place of each missing number.

    Args:
        values: (N, …): integers in which -1 is missing, or real numbers in which NaN is missing.

    Returns:
        A tensor of the same shape and type.
    """
    return values.nan_to_num(0.0) if values.is_floating_point() else values.clamp_min(0)


def mean_over_known(terms: Tensor, known: Tensor) -> Tensor:
    """The mean over the rows that are known; zero if none is.

    Args:
        terms: Float (N,).
        known: Boolean (N,).

    Returns:
        Scalar tensor.
    """
    share = known.to(terms.dtype).mean()
    # Where all are known this is exactly the mean of all.
    return torch.where(known, terms, 0.0).mean() / share.clamp_min(1 / len(terms))
