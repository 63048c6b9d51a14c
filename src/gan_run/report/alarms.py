"""What alarms said and measured over time."""

from collections.abc import Mapping
from typing import NamedTuple

from gan_run.results.panels import Curve
from gan_run.results.run import Run

Readings = dict[tuple[str, str, str], dict[str, Curve]]
"""Curves by run; by the alarm, the name of the reading, and what the alarm watches ("" for all)."""


class Ringing(NamedTuple):
    """Steps at which an alarm rang without a pause."""

    alarm: str
    begin: int
    end: int | None
    """The step at which it was quiet again; None if it rang at its last check."""
    message: str
    """What it said last."""


def ringings(run: Run) -> list[Ringing]:
    """When alarms rang in a run, in order.

    Args:
        run: The run.
    """
    ended: list[Ringing] = []
    now: dict[str, Ringing] = {}
    for line in run.alarm_reports:
        alarm, step, message = str(line["alarm"]), int(line["step"]), line["message"]
        if message is not None:
            begin = now[alarm].begin if alarm in now else step
            now[alarm] = Ringing(alarm, begin, None, str(message))
        elif alarm in now:
            ended.append(now.pop(alarm)._replace(end=step))
    return sorted([*ended, *now.values()], key=lambda ringing: ringing.begin)


def reading_panels(runs: Mapping[str, Run]) -> Readings:
    """What alarms have measured.

    Args:
        runs: Runs by name.

    Returns:
        Curves. What an alarm measures as another one does already, such as the recovery of the same code, is left out.
    """
    found: Readings = {}
    for name, run in runs.items():
        for line in run.alarm_reports:
            alarm, _, watched = str(line["alarm"]).partition("/")
            for reading, value in line["readings"].items():
                if isinstance(value, (int, float)):
                    curves = found.setdefault((alarm, reading, watched), {})
                    curves.setdefault(name, {})[int(line["step"])] = float(value)
    by_reading: dict[tuple[str, str], list[dict[str, Curve]]] = {}
    kept: Readings = {}
    for (alarm, reading, watched), by_run in found.items():
        known = by_reading.setdefault((reading, watched), [])
        if by_run not in known:
            known.append(by_run)
            kept[alarm, reading, watched] = by_run
    return kept
