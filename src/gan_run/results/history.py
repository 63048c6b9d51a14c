"""The numbers that a run has logged, step by step."""

import math
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gan_run.core.kinds.component import Catalogue
from gan_run.core.run.metric_summary import Result
from gan_run.core.run.run_folder import RecordedResult, RunFolder
from gan_run.results.reading import read_results


class History(NamedTuple):
    """What a run has logged.

    Attributes:
        numbers: Losses, reports, learning rates, values of schedules and throughput (`time/…`), by name, by step.
        measured: What metrics with an `every` found, by step.
    """

    numbers: dict[int, dict[str, float]]
    measured: dict[int, list[Result]]


def read_history(folder: RunFolder, catalogue: Catalogue) -> History:
    """Read metrics.jsonl. A metric that is not installed is left out, and so is a line that a kill cut short."""
    history = History({}, {})
    folder.warn_of_lost_lines()
    for line in folder.logged():
        step = line.get("step")
        assert isinstance(step, int), f"{folder.metrics_file} has a line without a step"
        metrics = line.get("metrics")
        if isinstance(metrics, list):
            recorded = (RecordedResult(each["metric"], each["found"]) for each in metrics)
            history.measured.setdefault(step, []).extend(read_results(recorded, catalogue).results)
        elif "rollback" not in line:
            history.numbers[step] = dict(_numbers(line))
    return history


def _numbers(line: Mapping[str, object], outer: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a line by name; those inside an object have its name and a slash before theirs."""
    for name, value in line.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{outer}{name}/")
        elif value is None:  # JSON has no NaN
            yield sys.intern(f"{outer}{name}"), math.nan
        elif isinstance(value, (int, float)) and (outer or name != "step"):
            yield sys.intern(f"{outer}{name}"), float(value)  # one string for all lines of a long log
