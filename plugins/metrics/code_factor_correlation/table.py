"""The table of codes and factors."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from torch import Tensor

from gan_run import DataError, Factor, LatentModule, Model, Split, Splits
from gan_run.plugins.metrics.code_factor_correlation.association import Association, Variable, associate


class Table(NamedTuple):
    """The association of every code with every factor, on the real images of a split."""

    cells: Mapping[str, Mapping[str, Association]]
    """Associations by code (one row per copy), then by factor."""
    images: int


def tabulate(model: Model, data: Splits, split: Split) -> Table:
    """Compute the table. Raises DataError if the data has no factors."""
    images = data[split]
    if images.factors is None:
        raise DataError("the data has no factors")
    factors = {
        factor.name: _of_factor(factor, images.factors[:, column]) for column, factor in enumerate(data.info.factors)
    }
    read = model.encode_set(images)
    cells = {}
    for code_dim in model.latents.code_dims(model.codes):
        code = _of_code(model.latents[code_dim.name], model.latents.value_of(read, code_dim))
        cells[str(code_dim)] = {name: associate(code, factor) for name, factor in factors.items()}
    return Table(cells, images.count)


def _of_factor(factor: Factor, values: Tensor) -> Variable:
    numbers = values.cpu().double().numpy()
    return Variable(factor.kind, np.radians(numbers) if factor.kind == "angle" else numbers)


def _of_code(latent: LatentModule, values: Tensor) -> Variable:
    numbers = values.double().numpy()
    if latent.cardinality is not None:
        return Variable("categorical", numbers)
    if latent.period is not None:
        return Variable("angle", numbers * (2 * math.pi / latent.period))
    return Variable("continuous", numbers)
