"""The images that show best what a code means: the surest of each category, and those at the extremes of a number."""

from typing import NamedTuple

from torch import Tensor

from gan_run.core.kinds.latent_space import CodeDim
from gan_run.encoding.code_errors import difference
from gan_run.encoding.encoded import EncodedImages

DIRECTIONS = 8
"""Rows of an angle."""


class Row(NamedTuple):
    """Some of the encoded images."""

    title: str
    numbers: Tensor
    """Their rows in the source, int64."""
    category: int | None = None


def extreme_rows(encoded: EncodedImages, dim: CodeDim, count: int) -> list[Row]:
    """The images at the extremes of a code.

    Args:
        encoded: The images with their codes.
        dim: The code.
        count: How many images a row has at most.

    Returns:
        A row per category, with the images that are most surely of it; or the lowest and the highest values; or those
        nearest to each of eight angles. A row without images is left out.
    """
    values, names = encoded.values(dim), encoded.model.code_names
    latent = encoded.model.latents[dim.name]
    rows = []
    if encoded.is_categorical(dim):
        probabilities = encoded.probabilities(dim)
        for category in range(probabilities.shape[1]):
            of_it = (values == category).nonzero()[:, 0]
            surest = probabilities[of_it, category].argsort(descending=True, stable=True)
            rows.append(Row(names.value_title(dim, category), of_it[surest[:count]], category))
    elif latent.period is None:
        order = values.argsort(stable=True)
        rows = [Row("lowest", order[:count]), Row("highest", order[-count:])]
    else:
        for angle in latent.traversal_values(DIRECTIONS).cpu():
            away = difference(values, angle, latent.period).abs()
            rows.append(Row(f"{angle:.2f}", away.argsort(stable=True)[:count]))
    return [row for row in rows if len(row.numbers)]
