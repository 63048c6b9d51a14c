"""Heat maps: a table of numbers in [0, 1] as a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DPI = 100
CELL = 0.7
"""Inches per cell, on each axis."""
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
    # matplotlib is slow to import; its pyplot keeps every figure and chooses a window system.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = MARGIN + CELL * len(columns) + 0.2, MARGIN + CELL * len(rows) + 0.2
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    box = (MARGIN / width, MARGIN / height, CELL * len(columns) / width, CELL * len(rows) / height)
    axes = figure.add_axes(box)
    axes.imshow(strengths, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    for (row, column), strength in np.ndenumerate(strengths):
        colour = "white" if strength > 0.6 else "black"
        axes.text(column, row, str(texts[row, column]), ha="center", va="center", color=colour)
    # Without a date or version in the file, equal tables give equal bytes.
    figure.savefig(path, metadata={"Software": None})
