"""What all loggers share: which points of a run are written, under which names, and what a failure costs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Literal

from pydantic import Field

from gan_run import (
    AlarmRaised,
    ArtifactRendered,
    Callback,
    DeclaredCallback,
    Event,
    MetricMeasured,
    PluginError,
    RunEnded,
    RunStarted,
    StepLogged,
    Stopped,
)
from gan_run.plugins.training.loggers.written_points import WrittenPoints

End = Literal["finished", "stopped", "failed"]


class LogRun(ABC):
    """A run in a tool that logs.

    Attributes:
        id: By which the tool finds it again; None where the run folder is enough.
    """

    id: str | None = None

    @abstractmethod
    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Write numbers.

        Args:
            values: By name.
            step: The step that they belong to.

        Example:
            def scalars(self, values: Mapping[str, float], step: int) -> None:
                self._run.log(dict(values), step=step)
        """

    @abstractmethod
    def picture(self, name: str, file: Path, step: int) -> None:
        """Write a picture.

        Args:
            name: What it shows.
            file: Its file, which stays where it is.
            step: The step that it belongs to.

        Example:
            def picture(self, name: str, file: Path, step: int) -> None:
                self._run.log({name: self._tool.Image(str(file))}, step=step)
        """

    @abstractmethod
    def text(self, name: str, text: str, step: int) -> None:
        """Write a sentence.

        Args:
            name: What it is about.
            text: The sentence.
            step: The step that it belongs to.

        Example:
            def text(self, name: str, text: str, step: int) -> None:
                self._run.alert(title=name, text=f"step {step}: {text}")
        """

    @abstractmethod
    def close(self, end: End) -> None:
        """Write what has not been written, and say how the run ended.

        Args:
            end: How.

        Example:
            def close(self, end: End) -> None:
                self._run.finish()
        """


class Logger(DeclaredCallback):
    """A callback that writes a run's numbers and pictures to another tool."""

    replaces_points: ClassVar[bool] = False
    """Whether the tool drops the points after the step that a run is resumed from."""
    pictures: bool = Field(default=True, description="Log the pictures of artifacts too.")

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the tool keeps its runs: each place has its own state in the run folder.

        Returns:
            A text that begins with the tool's name, such as "wandb-PROJECT".
        """

    @abstractmethod
    def load(self) -> ModuleType:
        """Import the tool.

        Returns:
            Its module.

        Raises:
            PluginError: It is not installed, or the declaration does not fit it.
        """

    @abstractmethod
    def open(self, tool: ModuleType, event: RunStarted, run: str | None) -> LogRun:
        """Begin a run in the tool, or continue one.

        Args:
            tool: The module of `load`.
            event: The start of the run.
            run: The id of the run to continue; None to begin one.

        Returns:
            The run in the tool.
        """

    def build(self) -> Callback:
        return Logging(self, self.load())


class Logging(Callback):
    """Writes the events of a run to a tool. What it raises costs a warning; it is then not called again, so that a tool
    that cannot be reached does not hold up each step."""

    def __init__(self, declared: Logger, tool: ModuleType) -> None:
        self._declared = declared
        self._tool = tool
        self._run: LogRun | None = None
        self._written: WrittenPoints | None = None

    def title(self) -> str:
        return f"the callback {self._declared.name()}"

    def run_started(self, event: RunStarted) -> None:
        declared = self._declared
        self._written = WrittenPoints.read(event.folder, declared.place)
        if declared.replaces_points:
            self._written.forget_after(event.step)
        self._run = declared.open(self._tool, event, self._written.run)
        self._written.begin(self._run.id)

    def step_logged(self, event: StepLogged) -> None:
        speed = {"images_per_second": event.images_per_second, "steps_per_second": event.steps_per_second}
        values = {**event.scalars, **{f"time/{name}": value for name, value in speed.items()}}
        self._write("step", event, lambda run: run.scalars(values, event.step))

    def metric_measured(self, event: MetricMeasured) -> None:
        self._write(f"metric {event.key}", event, lambda run: run.scalars(event.scalars, event.step))

    def artifact_rendered(self, event: ArtifactRendered) -> None:
        def write(run: LogRun) -> None:
            for name, file in event.pictures.items():
                run.picture(name, file, event.step)

        if self._declared.pictures:
            self._write(f"artifact {event.index}", event, write)

    def alarm_raised(self, event: AlarmRaised) -> None:
        self._write(
            f"alarm {event.alarm}", event, lambda run: run.text(f"alarms/{event.alarm}", event.message, event.step)
        )

    def run_ended(self, event: RunEnded) -> None:
        if self._run is not None:
            self._run.close(_end_of(event.error))

    def _write(self, point: str, event: Event, write: Callable[[LogRun], None]) -> None:
        """Write a point, unless it was written before the run was resumed."""
        if self._run is None or self._written is None or self._written.has(point, event.step):
            return
        write(self._run)
        self._written.add(point, event.step)


def _end_of(error: BaseException | None) -> End:
    if error is None:
        return "finished"
    return "stopped" if isinstance(error, (Stopped, KeyboardInterrupt)) else "failed"


def import_tool(module: str, extra: str) -> ModuleType:
    """Import the module of a tool.

    Args:
        module: Its name.
        extra: The extra of gan-run that installs it.

    Raises:
        PluginError: It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise PluginError(
            f"the callback needs {extra}, which is not installed ({error}): pip install 'gan-run[{extra}]'"
        ) from None
