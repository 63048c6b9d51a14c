"""The heat map of codes and factors."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import Artifact, DataInfo, Model, Problem, SpecView, Split, Splits
from gan_run.plugins.metrics.code_factor_correlation.table import Table, tabulate

DPI = 100
CELL = 0.7
"""Inches per cell, on each axis."""
MARGIN = 1.8
"""Inches for the names on the left and below."""


class CodeFactorHeatMap(Artifact):
    """A heat map with a row per code and a column per factor; dark means a strong association."""

    type: Literal["code-factor-heat-map"] = "code-factor-heat-map"
    split: Split = Field(default="test", description="The split whose images are encoded.")

    @property
    def folder(self) -> str:
        return "factors"

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if not data.factors:
            yield Problem(("type",), "the data has no columns but the class")
        if why := data.why_no_set(self.split):
            yield Problem(("split",), why)

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        table = tabulate(model, data, self.split)
        if not table.cells:
            return []
        path = stem.with_name(f"{stem.name}.png")
        titles = [model.code_names.title(code_dim) for code_dim in model.latents.code_dims(model.codes)]
        _save(table, titles, list(data.info.factors), path)
        return [path]


def _save(table: Table, titles: list[str], factors: list[str], path: Path) -> None:
    # matplotlib is slow to import; its pyplot keeps every figure and chooses a window system.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    codes = list(table.cells)
    strengths = np.array([[table.cells[code][factor].strength for factor in factors] for code in codes])
    width, height = MARGIN + CELL * len(factors) + 0.2, MARGIN + CELL * len(codes) + 0.2
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    box = (MARGIN / width, MARGIN / height, CELL * len(factors) / width, CELL * len(codes) / height)
    axes = figure.add_axes(box)
    axes.imshow(strengths, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(factors)), factors, rotation=45, ha="right")
    axes.set_yticks(range(len(codes)), titles)
    for (row, column), strength in np.ndenumerate(strengths):
        colour = "white" if strength > 0.6 else "black"
        axes.text(column, row, f"{strength:.2f}", ha="center", va="center", color=colour)
    # Without a date or version in the file, equal tables give equal bytes.
    figure.savefig(path, metadata={"Software": None})
