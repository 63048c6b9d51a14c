"""The table of codes and factors."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from torch import Tensor

from gan_run import Column, DataError, LatentModule, Model, Split, Splits, is_known
from gan_run.plugins.metrics.code_factor_correlation.association import Association, Variable, associate


class Table(NamedTuple):
    """The association of every code with every factor, on the real images of a split."""

    cells: Mapping[str, Mapping[str, Association]]
    """Associations by code (one row per copy), then by factor."""
    images: int


def tabulate(model: Model, data: Splits, split: Split) -> Table:
    """Compute the table, each cell on the images whose factor is known. Raises DataError if the data has no factors."""
    images = data[split]
    if not data.info.factors:
        raise DataError("the data has no columns but the class")
    factors = {name: images.columns[name].cpu() for name in data.info.factors}
    read = model.encode_set(images)
    cells = {}
    for code_dim in model.code_dims():
        latent, values = model.latents[code_dim.name], model.latents.value_of(read, code_dim)
        cells[str(code_dim)] = {
            name: _associate(_of_code(latent, values), _of_factor(data.info.columns[name], factor), is_known(factor))
            for name, factor in factors.items()
        }
    return Table(cells, images.count)


def _associate(code: Variable, factor: Variable, known: Tensor) -> Association:
    at = known.numpy()
    return associate(Variable(code.kind, code.values[at]), Variable(factor.kind, factor.values[at]))


def _of_factor(column: Column, values: Tensor) -> Variable:
    numbers = values.double().numpy()
    return Variable(column.kind, np.radians(numbers) if column.kind == "angle" else numbers)


def _of_code(latent: LatentModule, values: Tensor) -> Variable:
    numbers = values.double().numpy()
    if latent.cardinality is not None:
        return Variable("categorical", numbers)
    if latent.period is not None:
        return Variable("angle", numbers * (2 * math.pi / latent.period))
    return Variable("continuous", numbers)
