"""Callbacks: objects that receive the events of a run, and their declarations in a spec."""

from abc import abstractmethod
from typing import ClassVar

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.events import (
    AlarmRaised,
    ArtifactRendered,
    CheckpointSaved,
    Event,
    MetricMeasured,
    RunEnded,
    RunStarted,
    StepLogged,
)


class Callback:
    """Receives the events of a run. Override the methods of the events that you need.

    A `DeclaredCallback` of the spec builds one, `RunOptions` takes instances, and the hooks of a plugin are one. An
    exception in a callback does not end the run: a warning names it, and the callback receives nothing more, since what
    it keeps may be half changed. One that calls `sys.exit` ends the run, with a checkpoint.

    Example:
        class Printer(Callback):
            def step_logged(self, event: StepLogged) -> None:
                print(event.step, event.scalars)

        train("spec.json", options=RunOptions(callbacks=[Printer()]))
    """

    def handle(self, event: Event) -> None:
        """Pass `event` to the method that its class names. Override this to receive every kind of event alike.

        Args:
            event: The event.
        """
        getattr(self, event.name)(event)

    def title(self) -> str:
        """Describe this callback in warnings.

        Returns:
            A short text.
        """
        return f"the callback {type(self).__qualname__}"

    def run_started(self, event: RunStarted) -> None:
        """Training begins or is resumed.

        Args:
            event: The run folder and the spec.
        """

    def step_logged(self, event: StepLogged) -> None:
        """A line was added to metrics.jsonl.

        Args:
            event: The step's losses, reports and controls.
        """

    def alarm_raised(self, event: AlarmRaised) -> None:
        """An alarm has begun to ring.

        Args:
            event: The alarm and its message.
        """

    def metric_measured(self, event: MetricMeasured) -> None:
        """A metric was measured.

        Args:
            event: The metric and what it found.
        """

    def artifact_rendered(self, event: ArtifactRendered) -> None:
        """An artifact was rendered.

        Args:
            event: The artifact and its files.
        """

    def checkpoint_saved(self, event: CheckpointSaved) -> None:
        """A checkpoint is complete on the disk.

        Args:
            event: The checkpoint's folder.
        """

    def run_ended(self, event: RunEnded) -> None:
        """Training has stopped.

        Args:
            event: The error that ended it, if any.
        """


class DeclaredCallback(Component):
    """A callback that a spec lists in its `callbacks`. It does not decide the weights of the run."""

    kind: ClassVar[str] = "callback"

    @abstractmethod
    def build(self) -> Callback:
        """Build the object that receives the events.

        It is built before training begins or is resumed, in the main process; an error that is raised here ends the run
        before its first step.

        Returns:
            The callback, in its initial state: what it has to know of the steps before a resumed one it finds in the
            run folder, in `run_started`.

        Example:
            type: Literal["printer"] = "printer"

            def build(self) -> Callback:
                class Printer(Callback):
                    def step_logged(self, event: StepLogged) -> None:
                        print(event.step, event.scalars)

                return Printer()
        """
