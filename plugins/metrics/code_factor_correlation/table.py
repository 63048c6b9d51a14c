"""The table of codes and factors."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_run import DataError, Factor, ImageSet, LatentModule, Model, Split, Splits
from gan_run.plugins.metrics.code_factor_correlation.association import Association, Variable, associate

CHUNK = 500
"""Real images that are decoded and read at once."""


class Table(NamedTuple):
    """The association of codes, encoded from the real images of a split, with the factors of those images."""

    cells: Mapping[str, Mapping[str, Association]]
    """Associations by code (one row per copy), then by factor."""
    images: int


def tabulate(model: Model, data: Splits, split: Split) -> Table:
    """Associate every code of a model with every factor of a split.

    Args:
        model: The model that encodes the images.
        data: The splits of the dataset.
        split: The split to encode.

    Returns:
        The table of associations and the number of images.

    Raises:
        DataError: The dataset has no named factors.
    """
    images = data[split]
    if images.factors is None:
        raise DataError("the data has no named factors to compare codes with")
    factors = {
        factor.name: _of_factor(factor, images.factors[:, column]) for column, factor in enumerate(data.info.factors)
    }
    read = _read(model, images)
    cells = {}
    for code_dim in model.latents.code_dims(model.codes):
        values = read[code_dim.name] if code_dim.copy is None else read[code_dim.name][:, code_dim.copy]
        code = _of_code(model.latents[code_dim.name], values)
        cells[str(code_dim)] = {name: associate(code, factor) for name, factor in factors.items()}
    return Table(cells, images.count)


def _read(model: Model, images: ImageSet) -> dict[str, Tensor]:
    """What Q says each code of each image is, mirrored copies left out."""
    chunks = [model.encode(images.batch(at).images) for at in torch.split(torch.arange(images.count), CHUNK)]
    return {code: torch.cat([chunk[code] for chunk in chunks]) for code in model.codes}


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
