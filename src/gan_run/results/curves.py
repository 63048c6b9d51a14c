"""Learning curves of several runs, as a picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from gan_run.core.base.errors import GanRunError, NotFoundByName, RunError, suggest
from gan_run.core.run.metric_summary import Result, summarize

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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

Curve = dict[int, float]
"""Finite values by step."""
Colour = tuple[float, float, float, float]


class Panel(NamedTuple):
    """One number of several runs."""

    unit: str
    matters: bool
    """It is drawn where no numbers are chosen: a loss, or what a metric found during training."""
    curves: dict[str, Curve]
    """By the name of the run."""


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
    panels = _panels(found)
    for name in numbers:
        if name not in panels:
            raise NotFoundByName(f"these runs have logged no number {name!r}{suggest(name, panels)}")
    chosen = list(numbers) or [name for name, panel in panels.items() if panel.matters]
    if not chosen:
        raise RunError("these runs have logged nothing yet: there are no learning curves")
    path.parent.mkdir(parents=True, exist_ok=True)
    _figure(found, {name: panels[name] for name in chosen}).savefig(path, dpi=DPI)


def _check_format(path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    suffix = path.suffix.removeprefix(".")
    formats = FigureCanvasAgg.get_supported_filetypes()
    if suffix.lower() not in formats:
        raise GanRunError(f"{path}: no picture is written as .{suffix}{suggest(suffix, formats)}")


def _panels(found: "Comparison") -> dict[str, Panel]:
    """What the runs have logged, in the order in which they logged it."""
    panels: dict[str, Panel] = {}
    for run, opened in found.runs.items():
        for step, values in opened.logged.numbers.items():
            for name, value in values.items():
                if math.isfinite(value):
                    panel = panels.setdefault(name, Panel("", _is_loss(name), {}))
                    panel.curves.setdefault(run, {})[step] = value
    for row in summarize(_measured(found)):
        curves: dict[str, Curve] = {}
        for (run, step), value in row.values.items():
            curves.setdefault(run, {})[step] = value
        if any(len(curve) > 1 for curve in curves.values()):  # else it was measured at the end alone
            panels[row.title] = Panel(row.headline.unit, True, curves)
    return panels


def _measured(found: "Comparison") -> dict[tuple[str, int], list[Result]]:
    """What the metrics found, by run and step: during training, and after the last step."""
    measured = {(name, step): each for name, run in found.runs.items() for step, each in run.logged.measured.items()}
    return {**measured, **{(name, run.step): run.results for name, run in found.runs.items() if run.is_finished}}


def _is_loss(name: str) -> bool:
    """Whether it is PLAYER/LOSS; reports of losses have more slashes, values of schedules have none."""
    return name.count("/") == 1 and not name.endswith("/lr") and not name.startswith("time/")


def _figure(found: "Comparison", panels: Mapping[str, Panel]) -> "Figure":
    # matplotlib is slow to import; its pyplot keeps every figure and chooses a window system.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    colours = _colours([group.name for group in found.groups])
    legend_height = LEGEND_LINE * (1 + math.ceil(len(colours) / columns))
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows + legend_height), layout="constrained")
    FigureCanvasAgg(figure)
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
    return figure


def _colours(names: Sequence[str]) -> dict[str, Colour]:
    """As different as can be for a few, else along a scale, in order."""
    from matplotlib import colormaps

    if len(names) <= FEW:
        return dict(zip(names, map(colormaps["tab10"], range(FEW)), strict=False))
    return {name: colormaps["turbo"]((index + 0.5) / len(names)) for index, name in enumerate(names)}


def _draw(curves: Sequence[Curve], axes: "Axes", colour: Colour) -> None:
    """The runs of one group, and their mean over the steps that all of them have logged."""
    if len(curves) > 1:
        for curve in curves:
            axes.plot([*curve], [*curve.values()], color=colour, linewidth=0.8, alpha=0.4)
    shared = [step for step in curves[0] if all(step in curve for curve in curves)] if curves else []
    # A single value would be a line of no length.
    marker = "o" if len(shared) == 1 else ""
    axes.plot(shared, [fmean(curve[step] for curve in curves) for step in shared], marker, color=colour, linewidth=2)
