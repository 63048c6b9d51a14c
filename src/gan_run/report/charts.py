"""The curves of a page: what the runs have logged, in groups of charts."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from gan_run.report.alarms import reading_panels
from gan_run.report.thinning import Point, thin
from gan_run.results.comparison import Comparison
from gan_run.results.panels import Curve, Panel, is_loss, logged_panels, shared_steps

LOSSES, METRICS, REPORTS, ALARMS, CONTROLS, SPEED = (
    "Losses",
    "Metrics during training",
    "What losses report",
    "What alarms measure",
    "Rates and schedules",
    "Speed",
)
SPAN = 50.0
"""Values that differ by this factor are drawn on a logarithmic axis."""
DIGITS = 5
"""Significant digits of a value on a page."""


class Line(NamedTuple):
    """A line of a chart."""

    label: str
    colour: int
    is_thin: bool
    """One run of several, whose mean is another line; it has no label."""
    points: list[Point]


class Chart(NamedTuple):
    """Numbers over steps."""

    title: str
    unit: str
    is_log: bool
    lines: list[Line]

    def for_script(self) -> dict[str, Any]:
        """What the script of the page draws."""
        lines = [
            {
                "label": line.label,
                "colour": line.colour,
                "thin": line.is_thin,
                "x": [step for step, _ in line.points],
                "y": [float(f"{value:.{DIGITS}g}") for _, value in line.points],
            }
            for line in self.lines
        ]
        return {"title": self.title, "unit": self.unit, "log": self.is_log, "lines": lines}


class ChartGroup(NamedTuple):
    """Charts under one heading."""

    title: str
    charts: list[Chart]
    constant: list[str]
    """What was logged and has not changed: names and values."""


class Place(NamedTuple):
    """Where a number is drawn."""

    group: str
    chart: str
    series: str = ""


class Track(NamedTuple):
    """Runs that have one colour."""

    label: str
    runs: tuple[str, ...]


def chart_groups(found: Comparison) -> list[ChartGroup]:
    """Make charts of all that the runs have logged.

    Of one run, a chart has a line for each player, or for what an alarm watches. Of several, each of these is a chart
    of its own, with a line for each group of runs; of a single group, with a line for each run.

    Args:
        found: The runs.
    """
    placed: dict[str, dict[str, dict[str, Panel]]] = {}
    for place, panel in _all_panels(found):
        placed.setdefault(place.group, {}).setdefault(place.chart, {})[place.series] = panel
    order = (METRICS, LOSSES, REPORTS, ALARMS, CONTROLS, SPEED)
    groups = [_group(title, placed[title], _tracks(found)) for title in order if title in placed]
    return [group for group in groups if group.charts or group.constant]


def _all_panels(found: Comparison) -> Iterator[tuple[Place, Panel]]:
    for name, panel in logged_panels(found).items():
        if name != "time/unix":
            yield _place(name, panel), panel
    for (alarm, reading, watched), curves in reading_panels(found.runs).items():
        yield Place(ALARMS, f"{reading} ({alarm})", watched), Panel("", False, curves)


def _place(name: str, panel: Panel) -> Place:
    if panel.measured:
        return Place(METRICS, name)
    player, _, rest = name.partition("/")
    if not rest:
        return Place(CONTROLS, name)
    if player == "time":
        return Place(SPEED, rest.replace("_", " "))
    if rest == "lr":
        return Place(CONTROLS, "learning rate", player)
    if rest.startswith("augment/"):
        return Place(CONTROLS, rest.removeprefix("augment/"))
    return Place(LOSSES if is_loss(name) else REPORTS, rest, player)


def _tracks(found: Comparison) -> list[Track]:
    if len(found.groups) == 1:
        return [Track(name, (name,)) for name in found.runs]
    return [Track(group.name, group.runs) for group in found.groups]


def _group(title: str, charts: Mapping[str, Mapping[str, Panel]], tracks: Sequence[Track]) -> ChartGroup:
    group = ChartGroup(title, [], [])
    for name, by_series in charts.items():
        if title == CONTROLS:
            group.constant.extend(_constants(name, by_series))
            by_series = {series: panel for series, panel in by_series.items() if _constant(panel) is None}
        if not by_series:
            continue
        if len(tracks) == 1:
            group.charts.append(_of_one_run(name, by_series))
        else:
            group.charts.extend(_of_several(name, series, panel, tracks) for series, panel in by_series.items())
    return group


def _of_one_run(title: str, by_series: Mapping[str, Panel]) -> Chart:
    lines = [
        Line(series or panel.unit or "value", index, False, thin(curve))
        for index, (series, panel) in enumerate(by_series.items())
        for curve in panel.curves.values()
    ]
    return _chart(title, next(iter(by_series.values())).unit, lines)


def _of_several(title: str, series: str, panel: Panel, tracks: Sequence[Track]) -> Chart:
    lines: list[Line] = []
    for colour, track in enumerate(tracks):
        curves = [panel.curves[run] for run in track.runs if run in panel.curves]
        if len(curves) > 1:
            lines += [Line("", colour, True, thin(curve)) for curve in curves]
        if curve := _mean(curves):
            lines.append(Line(track.label, colour, False, thin(curve)))
    return _chart(f"{title}, {series}" if series else title, panel.unit, lines)


def _mean(curves: list[Curve]) -> Curve:
    return {step: fmean(curve[step] for curve in curves) for step in shared_steps(curves)}


def _chart(title: str, unit: str, lines: list[Line]) -> Chart:
    values = [value for line in lines for _, value in line.points]
    return Chart(title, unit, bool(values) and min(values) > 0 and max(values) > SPAN * min(values), lines)


def _constant(panel: Panel) -> float | None:
    """The one value that a number has in all runs at all steps."""
    values = {value for curve in panel.curves.values() for value in curve.values()}
    return values.pop() if len(values) == 1 else None


def _constants(title: str, by_series: Mapping[str, Panel]) -> Iterator[str]:
    for series, panel in by_series.items():
        if (value := _constant(panel)) is not None:
            yield f"{f'{title}, {series}' if series else title} {value:.{DIGITS}g}"
