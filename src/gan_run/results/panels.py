"""What runs have logged, number by number."""

import math
from typing import TYPE_CHECKING, NamedTuple

from gan_run.core.run.metric_summary import Result, summarize

if TYPE_CHECKING:
    from gan_run.results.comparison import Comparison

Curve = dict[int, float]
"""Finite values by step."""


class Panel(NamedTuple):
    """One number of several runs."""

    unit: str
    measured: bool
    """It is of a metric; else it was logged at each logged step."""
    curves: dict[str, Curve]
    """By the name of the run."""


def logged_panels(found: "Comparison") -> dict[str, Panel]:
    """What the runs have logged, by name, in the order in which they logged it.

    Args:
        found: The runs.
    """
    panels: dict[str, Panel] = {}
    for run, opened in found.runs.items():
        for step, values in opened.logged.numbers.items():
            for name, value in values.items():
                if math.isfinite(value):
                    panel = panels.setdefault(name, Panel("", False, {}))
                    panel.curves.setdefault(run, {})[step] = value
    for row in summarize(_measured(found)):
        curves: dict[str, Curve] = {}
        for (run, step), value in row.values.items():
            curves.setdefault(run, {})[step] = value
        if any(len(curve) > 1 for curve in curves.values()):  # else it was measured at the end alone
            panels[row.title] = Panel(row.headline.unit, True, curves)
    return panels


def is_loss(name: str) -> bool:
    """Whether a logged number is PLAYER/LOSS; reports of losses have more slashes, values of schedules have none."""
    return name.count("/") == 1 and not name.endswith("/lr") and not name.startswith("time/")


def shared_steps(curves: list[Curve]) -> list[int]:
    """The steps at which all of several curves have a value, in order.

    Args:
        curves: The curves; of none, there are no steps.
    """
    return [step for step in curves[0] if all(step in curve for curve in curves)] if curves else []


def _measured(found: "Comparison") -> dict[tuple[str, int], list[Result]]:
    """What the metrics found, by run and step: during training, and after the last step."""
    measured = {(name, step): each for name, run in found.runs.items() for step, each in run.logged.measured.items()}
    return {**measured, **{(name, run.step): run.results for name, run in found.runs.items() if run.is_finished}}
