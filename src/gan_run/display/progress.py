"""What is shown during training: a live display on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from textwrap import fill

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gan_run.core.base.distributed import current_world
from gan_run.core.kinds.callback import Callback
from gan_run.core.kinds.events import AlarmRaised, CheckpointSaved, MetricMeasured, RunEnded, RunStarted, StepLogged
from gan_run.core.run.metric_summary import Result
from gan_run.core.run.options import RunOptions
from gan_run.display.measured import show

WIDTH = 120
"""Characters of a logged line."""
MORE = "  …"
"""At the end of a line that has no place for more."""


class Display(Callback):
    """Shows a run in plain lines."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.folder: Path | None = None
        self._order: tuple[str, ...] = ()
        self._measured_at = -1
        self._measured: dict[str, Result] = {}

    def notify(self, text: str) -> None:
        """Print a line, or several."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def run_started(self, event: RunStarted) -> None:
        self.folder, self._order = event.folder, tuple(event.spec.losses_by_key())
        train = event.spec.train
        self.notify(f"training {event.folder} to step {train.steps} on {train.device} in {train.precision}")

    def step_logged(self, event: StepLogged) -> None:
        self.notify(log_line(event, self._order))

    def alarm_raised(self, event: AlarmRaised) -> None:
        text = f"ALARM {event.alarm}, step {event.step}: {event.message}"
        self.notify(fill(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))

    def metric_measured(self, event: MetricMeasured) -> None:
        before = self._measured if event.step == self._measured_at else {}
        self._measured_at, self._measured = event.step, {**before, event.key: Result(event.metric, event.found)}

    def run_ended(self, event: RunEnded) -> None:
        if event.error is None:
            self.notify(f"trained {event.step} steps")
            measured = self._measured.values() if event.step == self._measured_at else ()
            show(event.step, list(measured), self.console)


class LiveDisplay(Display):
    """Shows a run on a terminal: a bar and the latest losses, redrawn in place."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[throughput]}"),
            console=console,
        )
        self._task = self._bar.add_task("train", total=None, throughput="")
        # What a program prints goes above the bar, unless it goes to a file.
        self.live = Live(self._bar, console=console, refresh_per_second=4, redirect_stdout=sys.stdout.isatty())

    def run_started(self, event: RunStarted) -> None:
        super().run_started(event)
        self._bar.reset(self._task, total=event.spec.train.steps, completed=event.step)

    def step_logged(self, event: StepLogged) -> None:
        self._bar.update(self._task, completed=event.step, throughput=throughput(event))
        self.live.update(Group(self._bar, _table(event.losses)))

    def checkpoint_saved(self, event: CheckpointSaved) -> None:
        self._bar.update(self._task, completed=event.step)


@contextmanager
def progress(console: Console) -> Iterator[Display]:
    """A live display if the console is a terminal or a notebook, else plain lines."""
    if console.is_jupyter:
        from gan_run.display.notebook import NotebookDisplay

        yield NotebookDisplay()
        return
    if not console.is_terminal:
        yield Display(console)
        return
    display = LiveDisplay(console)
    with display.live:
        yield display


@contextmanager
def shown(options: RunOptions) -> Iterator[RunOptions]:
    """Show a run that is trained from Python, on standard error or in the notebook.

    Args:
        options: How it is trained.

    Returns:
        Options with the display among the callbacks, unless `options.progress` is False. Of several processes that
        train one run, the main one shows it.
    """
    if not (options.progress and current_world().is_main):
        yield options
        return
    with progress(Console(stderr=True)) as display:
        yield replace(options, callbacks=(*options.callbacks, display))


def log_line(event: StepLogged, order: Sequence[str] = ()) -> str:
    """A step in at most WIDTH characters, with as many losses as there is room for; metrics.jsonl has the others.

    Args:
        event: The step.
        order: Losses by key, those that are shown first at the front.
    """
    places = {key: place for place, key in enumerate(order)}
    losses = [name for name in event.losses if name.count("/") == 1]  # what losses report has another /
    losses.sort(key=lambda name: places.get(name.partition("/")[2], len(places)))
    line = f"step {event.step}/{event.steps}  {event.steps_per_second:.2f} steps/s  {_left(event)} left"
    for name in losses:
        shown = f"  {name} {event.losses[name]:.3f}"
        if len(line) + len(shown) > WIDTH - len(MORE):
            return line + MORE
        line += shown
    return line


def _left(event: StepLogged) -> timedelta:
    return timedelta(seconds=round((event.steps - event.step) / max(event.steps_per_second, 1e-9)))


def throughput(event: StepLogged) -> str:
    """Steps and images per second, and the time that is left."""
    return f"{event.steps_per_second:.2f} steps/s  {event.images_per_second:.0f} images/s  {_left(event)} left"


def _table(losses: Mapping[str, float]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in losses.items():
        table.add_row(name, f"{value:.4f}")
    return table
