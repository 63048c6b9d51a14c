"""Learning curves of several runs, as a picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from gan_run.core.base.errors import GanRunError, NotFoundByName, RunError, suggest
from gan_run.core.images.figures import new_figure, save_figure
from gan_run.results.panels import Curve, Panel, is_loss, logged_panels, shared_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gan_run.results.comparison import Comparison

PANEL = (4.8, 3.0)
"""Width and height of a panel, in inches."""
COLUMNS = 3
"""Panels beside each other, at most."""
LEGEND_LINE = 0.25
"""Height of a line of the legend, in inches."""
FEW = 10
"""Number of colours in matplotlib's palette "tab10"; more groups than these take colours of a continuous one."""
DPI = 110

Colour = tuple[float, float, float, float]


def draw_curves(found: "Comparison", path: Path, numbers: Sequence[str] = ()) -> None:
    """Draw a panel for each number: a colour for each group of runs, the runs thin, their mean thick.

    Args:
        found: The runs.
        path: The picture; its suffix decides the format.
        numbers: The numbers to draw, as `Run.history` names them. None given: every loss, and the metrics that were
            measured during training.

    Raises:
        NotFoundByName: No run has logged a number of this name.
        RunError: No run has logged anything yet.
        GanRunError: Pictures of this suffix cannot be written.
    """
    _check_format(path)
    panels = logged_panels(found)
    for name in numbers:
        if name not in panels:
            raise NotFoundByName(f"these runs have logged no number {name!r}{suggest(name, panels)}")
    chosen = list(numbers) or [name for name, panel in panels.items() if panel.measured or is_loss(name)]
    if not chosen:
        raise RunError("these runs have logged nothing yet: there are no learning curves")
    path.parent.mkdir(parents=True, exist_ok=True)
    _draw_panels(found, {name: panels[name] for name in chosen}, path)


def _check_format(path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    suffix = path.suffix.removeprefix(".")
    formats = FigureCanvasAgg.get_supported_filetypes()
    if suffix.lower() not in formats:
        raise GanRunError(f"{path}: no picture is written as .{suffix}{suggest(suffix, formats)}")


def _draw_panels(found: "Comparison", panels: Mapping[str, Panel], path: Path) -> None:
    from matplotlib.lines import Line2D

    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    colours = _colours([group.name for group in found.groups])
    legend_height = LEGEND_LINE * (1 + math.ceil(len(colours) / columns))
    width, height = PANEL[0] * columns, PANEL[1] * rows + legend_height
    with new_figure(width, height, DPI, layout="constrained") as figure:
        grid = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes, (name, panel) in zip(grid, panels.items(), strict=False):
            axes.set(title=name, xlabel="step", ylabel=panel.unit)
            axes.grid(alpha=0.3)
            for group in found.groups:
                _draw([panel.curves[run] for run in group.runs if run in panel.curves], axes, colours[group.name])
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        handles = [Line2D([], [], color=colour, linewidth=2, label=name) for name, colour in colours.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
        save_figure(figure, path, path.suffix.removeprefix(".").lower())


def _colours(names: Sequence[str]) -> dict[str, Colour]:
    """As different as can be for a few, else along a scale, in order."""
    from matplotlib import colormaps

    if len(names) <= FEW:
        return dict(zip(names, map(colormaps["tab10"], range(FEW)), strict=False))
    return {name: colormaps["turbo"]((index + 0.5) / len(names)) for index, name in enumerate(names)}


def _draw(curves: list[Curve], axes: "Axes", colour: Colour) -> None:
    """The runs of one group, and their mean over the steps that all of them have logged."""
    if len(curves) > 1:
        for curve in curves:
            axes.plot([*curve], [*curve.values()], color=colour, linewidth=0.8, alpha=0.4)
    shared = shared_steps(curves)
    # A single value would be a line of no length.
    marker = "o" if len(shared) == 1 else ""
    axes.plot(shared, [fmean(curve[step] for curve in curves) for step in shared], marker, color=colour, linewidth=2)
