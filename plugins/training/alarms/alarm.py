"""An alarm: a callback that measures something at log lines, and says when it looks like trouble."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import ClassVar, NamedTuple

from pydantic import Field

from gan_run import Callback, DeclaredCallback, RunStarted, Spec, StepLogged
from gan_run.plugins.training.alarms.history import History, Reading, read_reports
from gan_run.plugins.training.alarms.probe import Probe


class Alarm(DeclaredCallback):
    """Looks for one kind of trouble. Whether it rings depends on its readings alone, which alarms.jsonl keeps."""

    title: ClassVar[str]
    """Its name in reports; one that looks at several things adds what it looks at: `code/c1`."""
    every: int = Field(
        default=50,
        ge=1,
        description="Steps between two checks, which take place at log lines. A check takes less than a step.",
    )

    @abstractmethod
    def read(self, probe: Probe) -> Iterable[tuple[str, Mapping[str, float]]]:
        """Measure.

        Args:
            probe: Measures what it is asked for.

        Returns:
            The name and the readings of each thing that it looks at.
        """

    @abstractmethod
    def judge(self, name: str, history: History) -> str | None:
        """Decide whether to ring.

        Args:
            name: What it looks at, as `read` names it.
            history: All its readings, the present one last.

        Returns:
            What was seen and what to try; None while it is quiet.
        """

    def build(self) -> Callback:
        return Watch([self])


class LastingAlarm(Alarm):
    """Rings where something has been wrong at every check for long enough."""

    after: float = Field(default=0.1, ge=0, lt=1, description="Share of the run's steps before which nothing counts.")
    share: float = Field(
        default=0.1, ge=0, lt=1, description="How long it must have been wrong, as a share of the steps taken so far."
    )
    patience: int = Field(default=5, ge=1, description="At how many checks in a row it must have been wrong at least.")

    def wrong_since(self, history: History, is_wrong: Callable[[Reading], bool]) -> int | None:
        """The step from which on every reading is wrong, if that is long enough to ring; else None."""
        counted = takewhile(is_wrong, reversed(history.readings))
        recent = [reading.step for reading in counted if reading.step > self.after * history.steps]
        now = history.last.step
        if len(recent) < self.patience or now - recent[-1] < self.share * now:
            return None
        return recent[-1]


class Watch(Callback):
    """Lets alarms check a run."""

    def __init__(self, alarms: Iterable[Alarm]) -> None:
        self._alarms = tuple(alarms)
        self._histories: dict[str, History] = {}
        self._checked: dict[str, int] = {}
        self._spec: Spec | None = None

    def title(self) -> str:
        return f"the callback {', '.join(alarm.name() for alarm in self._alarms)}"

    def run_started(self, event: RunStarted) -> None:
        """Continue with what was measured before a resumed step."""
        self._spec = event.spec
        for report in read_reports(event.folder):
            self._add(report.alarm, report.reading, event.steps)

    def step_logged(self, event: StepLogged) -> None:
        assert self._spec is not None, "a run starts before it logs"
        probe = Probe(event, self._spec)
        for alarm in self._alarms:
            if event.step // alarm.every > self._checked.get(alarm.title, 0) // alarm.every:
                self._check(alarm, event, probe)

    def _check(self, alarm: Alarm, event: StepLogged, probe: Probe) -> None:
        self._checked[alarm.title] = event.step
        for name, values in alarm.read(probe):
            if all(map(math.isfinite, values.values())):
                history = self._add(name, Reading(event.step, values), event.steps)
                event.report_alarm(name, alarm.judge(name, history), values)

    def _add(self, name: str, reading: Reading, steps: int) -> History:
        history = self._histories.setdefault(name, History(steps))
        history.readings.append(reading)
        self._checked[title_of(name)] = reading.step
        return history


class Ring(NamedTuple):
    """An alarm that begins to ring."""

    alarm: str
    step: int
    message: str


def replay(folder: Path, alarms: Iterable[Alarm], steps: int) -> Iterator[Ring]:
    """When alarms would have rung in a run that was watched with any thresholds.

    Args:
        folder: The run folder, with the alarms.jsonl of the run.
        alarms: The alarms, with the thresholds in question.
        steps: Number of steps of the whole run.

    Returns:
        Each time that an alarm begins to ring.
    """
    by_title = {alarm.title: alarm for alarm in alarms}
    histories: dict[str, History] = {}
    ringing: set[str] = set()
    for name, reading, _ in read_reports(folder):
        history = histories.setdefault(name, History(steps))
        history.readings.append(reading)
        alarm = by_title.get(title_of(name))
        message = alarm.judge(name, history) if alarm is not None else None
        if message is None:
            ringing.discard(name)
        elif name not in ringing:
            ringing.add(name)
            yield Ring(name, reading.step, message)


def title_of(name: str) -> str:
    """The `title` of the alarm that reports under a name: `code` of `code/c1`."""
    return name.partition("/")[0]
