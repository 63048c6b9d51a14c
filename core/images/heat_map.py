"""Heat maps: a table of numbers in [0, 1] as a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_run.core.images.figures import new_figure, save_figure

DPI = 100
CELL = 0.7
"""Inches per cell, on each axis."""
WRITTEN = 100
"""Up to so many rows and columns have names, and numbers in their cells; the cells of larger tables are smaller."""
MARGIN = 1.8
"""Inches for the names on the left and below."""


def save_heat_map(
    strengths: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], texts: NDArray[np.str_], path: Path
) -> None:
    """Save a table as a PNG, in which dark cells are large numbers. Equal tables give equal bytes.

    Args:
        strengths: (R, C), in [0, 1]: how dark each cell is.
        rows: The R names on the left.
        columns: The C names below.
        texts: (R, C): what is written into each cell.
        path: The file.
    """
    most = max(len(rows), len(columns))
    cell = CELL if most <= WRITTEN else max(CELL * WRITTEN / most, 1 / DPI)
    width, height = MARGIN + cell * len(columns) + 0.2, MARGIN + cell * len(rows) + 0.2
    box = (MARGIN / width, MARGIN / height, cell * len(columns) / width, cell * len(rows) / height)
    with new_figure(width, height, DPI) as figure:
        axes = figure.add_axes(box)
        axes.imshow(strengths, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        if most <= WRITTEN:
            axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
            axes.set_yticks(range(len(rows)), rows)
            for (row, column), strength in np.ndenumerate(strengths):
                colour = "white" if strength > 0.6 else "black"
                axes.text(column, row, str(texts[row, column]), ha="center", va="center", color=colour)
        save_figure(figure, path)
