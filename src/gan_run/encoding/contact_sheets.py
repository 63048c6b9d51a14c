"""Contact sheets: the real images that show best what a code means."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from gan_run.core.images.labelled_grid import save_labelled_grid
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.run.traversal import file_name_of
from gan_run.encoding.encoded import EncodedImages, difference

PER_ROW = 10
"""Images of each row."""
DIRECTIONS = 8
"""Rows of the sheet of an angle."""


def write_contact_sheets(encoded: EncodedImages, folder: Path) -> list[Path]:
    """Write a picture for each code: `folder/CODE.png`.

    A row of a categorical code has the images that are most surely of one category; those of another code have its
    lowest and its highest values, or the values nearest to each of eight angles.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for dim in encoded.dims:
        rows = [(title, numbers) for title, numbers in _rows(encoded, dim) if len(numbers)]
        target = folder / f"{file_name_of(dim, tuple(encoded.model.latents))}.png"
        save_labelled_grid(
            torch.cat([_full_row(encoded.images.read(numbers)) for _, numbers in rows]),
            target,
            columns=PER_ROW,
            row_names=[title for title, _ in rows],
            title=encoded.model.code_names.title(dim),
        )
        files.append(target)
    return files


def _full_row(images: Tensor) -> Tensor:
    """The images of a row, filled up with white."""
    return torch.cat([images, images.new_ones(PER_ROW - len(images), *images.shape[1:])])


def _rows(encoded: EncodedImages, dim: CodeDim) -> Sequence[tuple[str, Tensor]]:
    """The title of each row, and its images, at most `PER_ROW`."""
    values, names = encoded.values(dim), encoded.model.code_names
    if encoded.is_categorical(dim):
        probabilities = encoded.probabilities(dim)
        rows = []
        for category in range(probabilities.shape[1]):
            of_it = (values == category).nonzero()[:, 0]
            surest = probabilities[of_it, category].argsort(descending=True, stable=True)
            rows.append((names.value_title(dim, category), of_it[surest[:PER_ROW]]))
        return rows
    period = encoded.model.latents[dim.name].period
    order = values.argsort(stable=True)
    if period is None:
        return [("lowest", order[:PER_ROW]), ("highest", order[-PER_ROW:])]
    rows = []
    for angle in encoded.model.latents[dim.name].traversal_values(DIRECTIONS).cpu():
        away = difference(values, angle, period).abs()
        rows.append((f"{angle:.2f}", away.argsort(stable=True)[:PER_ROW]))
    return rows
