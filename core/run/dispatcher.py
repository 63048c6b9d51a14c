"""Sends the events of a run to its callbacks."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypedDict, TypeVar

from gan_run.core.base.errors import GanRunError, Place, describe_error, show_place
from gan_run.core.engine.diagnostics import diagnose
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses
from gan_run.core.kinds.callback import Callback
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.diagnostics import Diagnostics
from gan_run.core.kinds.events import AlarmRaised, Event, ReportAlarm
from gan_run.core.kinds.model import Model
from gan_run.core.run.alarm_log import AlarmLog
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.time_limit import TimeIsUp

Found = TypeVar("Found")
NameComponent = Callable[[Component, Place], str]


class DeclaredAt(Callback):
    """A callback that a spec declares, with where it is from.

    Args:
        callback: The callback.
        origin: Its place in the spec and its plugin, for warnings.
    """

    def __init__(self, callback: Callback, origin: str) -> None:
        self.callback = callback
        self.origin = origin

    def title(self) -> str:
        return self.callback.title()

    def handle(self, event: Event) -> None:
        self.callback.handle(event)


class Dispatcher:
    """Sends events to callbacks in order. One that raises is warned of, and receives nothing more: what it keeps may be
    half changed, so that nothing that it does afterwards can be relied on. The others go on."""

    def __init__(self, callbacks: Iterable[Callback]) -> None:
        self._callbacks = list(callbacks)

    def send(self, event: Event) -> None:
        """Pass `event` to every callback.

        Raises:
            KeyboardInterrupt: In a callback; Ctrl-C, say.
            SystemExit: A callback has exited. There is a warning that names it.
            TimeIsUp: In a callback.
        """
        for callback in tuple(self._callbacks):
            try:
                callback.handle(event)
            except (KeyboardInterrupt, TimeIsUp):
                raise
            except SystemExit as error:
                warnings.warn(
                    f"{_title(callback)} ends the program in {event.name}: {describe_error(error)}", stacklevel=2
                )
                raise
            except BaseException as error:  # a stranger's code must not end the run
                self._callbacks.remove(callback)
                warnings.warn(
                    f"{_title(callback)} failed in {event.name}: {describe_error(error)}; the run goes on without it: "
                    f"it is not called again, since its state is unknown{_origin(callback)}",
                    stacklevel=2,
                )


def _title(callback: Callback) -> str:
    try:
        return str(callback.title())
    except Exception:  # a stranger's
        own = callback.callback if isinstance(callback, DeclaredAt) else callback
        return f"the callback {type(own).__qualname__}"


def _origin(callback: Callback) -> str:
    return f" ({callback.origin})" if isinstance(callback, DeclaredAt) else ""


class Moment(TypedDict):
    """The fields that every event has."""

    folder: Path
    step: int
    steps: int
    model: Callable[[], Model]
    end_training: Callable[[], None]
    report_alarm: ReportAlarm


class RunEvents:
    """The events of one run: `events.send(CheckpointSaved(**events.now(), checkpoint=folder))`.

    Args:
        callbacks: They receive the events, in this order.
        training: What the events are about.
        folder: The run folder.
        name: Names a component by its place in the spec and its plugin, for warnings.
    """

    def __init__(
        self,
        callbacks: Iterable[Callback],
        training: Training,
        folder: Path,
        name: NameComponent = lambda component, place: f"{show_place(place)} ({component.name()})",
    ) -> None:
        self.end_requested = False
        self.name = name
        self._dispatcher = Dispatcher(callbacks)
        self._training = training
        self._folder = folder
        self._alarms = AlarmLog(RunFolder(folder))
        self._diagnostics: Diagnostics | None = None
        self._model: Model | None = None
        self._model_step = 0

    def send(self, event: Event) -> None:
        """Pass `event` to every callback: see `Dispatcher.send`."""
        self._dispatcher.send(event)

    def now(self) -> Moment:
        """What an event says of the present step."""
        step = self._training.step
        return Moment(
            folder=self._folder,
            step=step,
            steps=self._training.spec.train.steps,
            model=self.while_handled(self.model),
            end_training=self._end_training,
            report_alarm=partial(self._report_alarm, step),
        )

    def while_handled(self, compute: Callable[[], Found]) -> Callable[[], Found]:
        """`compute`, until the next step is taken; then the function raises GanRunError."""
        step = self._training.step

        def ask() -> Found:
            if step != self._training.step:
                raise GanRunError(f"the model after {step} steps is gone: ask for it while the event is handled")
            return compute()

        return ask

    def model(self) -> Model:
        """The model as it is now, built once per step for callbacks, metrics and artifacts."""
        step = self._training.step
        if self._model is None or self._model_step != step:
            self._model, self._model_step = self._training.model(), step
        return self._model

    def diagnostics(self, losses: Mapping[str, Losses]) -> Diagnostics:
        """What the present step shows, computed once for all callbacks.

        Args:
            losses: The losses of the step, by player.
        """
        if self._diagnostics is None:
            self._diagnostics = diagnose(self._training, losses)
        return self._diagnostics

    def release_model(self) -> None:
        """Free the memory of the model and the diagnostics, before the next step is taken."""
        self._model = self._diagnostics = None

    def _report_alarm(self, step: int, alarm: str, message: str | None, readings: Mapping[str, float]) -> None:
        if self._alarms.add(step, alarm, message, readings) and message is not None:
            self.send(AlarmRaised(**self.now(), alarm=alarm, message=message, readings=readings))

    def _end_training(self) -> None:
        self.end_requested = True
