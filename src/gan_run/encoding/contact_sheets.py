"""Contact sheets: the real images that show best what a code means."""

from pathlib import Path

import torch
from torch import Tensor

from gan_run.core.images.labelled_grid import save_labelled_grid
from gan_run.core.run.traversal import file_name_of
from gan_run.encoding.encoded import EncodedImages
from gan_run.encoding.extremes import extreme_rows

PER_ROW = 10
"""Images of each row."""


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
        rows = extreme_rows(encoded, dim, PER_ROW)
        target = folder / f"{file_name_of(dim, tuple(encoded.model.latents))}.png"
        save_labelled_grid(
            torch.cat([_full_row(encoded.images.read(row.numbers)) for row in rows]),
            target,
            columns=PER_ROW,
            row_names=[row.title for row in rows],
            title=encoded.model.code_names.title(dim),
        )
        files.append(target)
    return files


def _full_row(images: Tensor) -> Tensor:
    """The images of a row, filled up with white."""
    return torch.cat([images, images.new_ones(PER_ROW - len(images), *images.shape[1:])])
