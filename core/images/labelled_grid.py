"""A grid of images with names beside its rows and below its columns, as a PNG."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from torch import Tensor

from gan_run.core.images.figures import new_figure, save_figure
from gan_run.core.images.grid import GAP, image_grid, magnification

DPI = 100
LEFT, RIGHT, TOP, BOTTOM = 24, 8, 8, 40
"""Margins in pixels, with room for the titles of both axes and for the names of columns."""
CHARACTER = 7
"""Pixels that a character in the name of a row takes at most."""


def save_labelled_grid(
    images: Tensor,
    path: Path | BytesIO,
    *,
    columns: int,
    channels: Sequence[int] | None = None,
    column_names: Sequence[str] = (),
    row_names: Sequence[str] = (),
    title: str = "",
    row_title: str = "",
) -> None:
    """Save images row by row. Equal images and names give equal bytes.

    Args:
        images: Float (R * columns, C, H, W) in [-1, 1].
        path: The file, or a buffer, for a PNG.
        columns: How many images are in a row.
        channels: The channels that are shown, as for `image_grid`.
        column_names: What is written below each column.
        row_names: What is written on the left of each row.
        title: What is written below all.
        row_title: What is written on the left of all.

    Raises:
        DataError: The images are no pictures, have no such channel, or their picture would be too large.
    """
    pixels = image_grid(images, columns, channels)
    height, width = pixels.shape[1:]
    left = LEFT + CHARACTER * max(map(len, row_names), default=0)
    whole_width, whole_height = width + left + RIGHT, height + TOP + BOTTOM
    # One pixel of the grid is one pixel of the picture, so that nothing is blurred.
    box = (left / whole_width, BOTTOM / whole_height, width / whole_width, height / whole_height)
    factor = magnification(images.shape[2:])
    with new_figure(whole_width / DPI, whole_height / DPI, DPI) as figure:
        axes = figure.add_axes(box, frameon=False)
        axes.imshow(pixels.permute(1, 2, 0).numpy(), interpolation="nearest", aspect="auto")
        axes.set_xticks(_centres(len(column_names), images.shape[3] * factor), column_names, fontsize=8)
        axes.set_yticks(_centres(len(row_names), images.shape[2] * factor), row_names, fontsize=8)
        axes.tick_params(length=0)
        axes.set_xlabel(title)
        axes.set_ylabel(row_title)
        save_figure(figure, path)


def _centres(count: int, cell: int) -> list[float]:
    """The middle of each of `count` cells of `cell` pixels."""
    return [GAP + cell / 2 + index * (cell + GAP) for index in range(count)]
