"""The codes and the factors of real images, side by side: what every score of disentanglement is computed from."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_run import (
    CodeDim,
    Column,
    DataError,
    DataInfo,
    LatentSpace,
    Loss,
    Model,
    Problem,
    SpecView,
    Split,
    Splits,
    Values,
    is_known,
    suggest,
)

Numbers = NDArray[np.float64]
Categories = NDArray[np.int64]

MOST_VALUES = 100
"""A number or angle with more values than this is divided into intervals of equal frequency."""
INTERVALS = 20
"""The number of these intervals."""
IMAGES_PER_VALUE = 10
"""Of few images, values are fewer, so that each is that of about so many images."""


class Representation(NamedTuple):
    """N images with their codes and factors."""

    codes: Numbers
    """The most likely value of each code, (N, D): of a posterior with a mean, the mean."""
    factors: Categories
    """The value of each factor, (N, K), as the number of the value, from 0 on."""
    code_names: tuple[str, ...]
    factor_names: tuple[str, ...]

    def rows(self, at: Categories) -> "Representation":
        """Some of the images, in the given order."""
        return self._replace(codes=self.codes[at], factors=self.factors[at])

    def split(self, first: int, second: int) -> tuple["Representation", "Representation"]:
        """The first images and as many others as wanted; in the same proportion where there are not enough."""
        n = len(self.codes)
        cut = min(first, round(n * first / (first + second)))
        return self.rows(np.arange(cut)), self.rows(np.arange(cut, min(n, cut + second)))


def represent(
    model: Model,
    data: Splits,
    split: Split,
    images: int,
    codes: Collection[str] | None,
    factors: Collection[str] | None,
) -> Representation:
    """Encode images of a split whose factors are all known.

    Args:
        model: The model.
        data: The dataset.
        split: The split.
        images: How many images to encode at most; drawn with torch's global stream.
        codes: Latents or copies of them; None for all that the model encodes.
        factors: Columns of the data with one number per image; None for all, the class included.

    Raises:
        DataError: The data has no such columns, or no image whose factors are all known.
    """
    known_columns = [name for name, column in data.info.columns.items() if column.shape == ()]
    names = tuple(known_columns if factors is None else factors)
    for name in names:
        if name not in known_columns:
            raise DataError(f"factors: the data has no factor {name!r}{suggest(name, known_columns)}")
    whole = data[split]
    known = [is_known(whole.columns[name].cpu()) for name in names]
    rows = torch.nonzero(torch.stack(known).all(0) if known else torch.zeros(0)).flatten()
    if not len(rows):
        raise DataError(f"no image of the {split} split has factors that are all known")
    chosen = whole.select(rows[torch.randperm(len(rows))[:images]])
    values = np.stack([_numbered(data.info.columns[name], chosen.columns[name]) for name in names], axis=1)
    varies = values.max(axis=0) > 0
    dims = model.code_dims(codes)
    factor_names = tuple(name for name, kept in zip(names, varies, strict=True) if kept)
    read = code_values(model, model.encode_set(chosen), dims)
    return Representation(read, values[:, varies], tuple(map(str, dims)), factor_names)


def code_values(model: Model, encoded: Values, dims: Iterable[CodeDim]) -> Numbers:
    """The values of some codes side by side, (N, D).

    Args:
        model: The model that has encoded images.
        encoded: The values by latent.
        dims: The codes, D of them.
    """
    return np.stack([model.latents.value_of(encoded, dim).double().numpy() for dim in dims], axis=1)


def continuous_dims(latents: LatentSpace, codes: Iterable[str]) -> list[CodeDim]:
    """Those of some codes whose values are numbers: neither categories nor angles."""
    dims = latents.code_dims(codes)
    return [dim for dim in dims if latents[dim.name].cardinality is None and latents[dim.name].period is None]


def too_few_numbers(spec: SpecView, data: DataInfo) -> Iterable[Problem]:
    """The problem that a spec has less than two codes whose values are numbers, if it has."""
    encoded = [code for _, loss in spec.find_all(Loss) for code in loss.encodes()]
    if len(continuous_dims(spec.latent_space(data), encoded)) < 2:
        yield Problem(("type",), "there are less than two continuous codes")


def _numbered(column: Column, known: Tensor) -> Categories:
    """The number of each value among those that occur; the interval of each, where there are too many."""
    values = known.cpu().double().numpy()
    different, numbers = np.unique(values, return_inverse=True)
    most = max(2, len(values) // IMAGES_PER_VALUE)
    if column.kind == "categorical" or len(different) <= min(MOST_VALUES, most):
        return numbers.astype(np.int64)
    edges = np.quantile(values, np.linspace(0, 1, min(INTERVALS, most) + 1)[1:-1])
    return np.searchsorted(edges, values, side="right").astype(np.int64)
