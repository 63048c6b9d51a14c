"""The events of a run, and the callbacks that receive them.

A new event is a dataclass here, a method of `Callback` and a hook in registry/hookspecs.py, all of one name.
"""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gan_run.core.kinds.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a run.

    Attributes:
        name: The method of `Callback` that receives the event; the hook of a plugin is `gan_run_` and this name.
        folder: The run folder.
        step: How many steps the run has taken.
    """

    name: ClassVar[str]
    folder: Path
    step: int


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """Training begins, or is resumed after `step` steps.

    Attributes:
        spec: The spec as it is trained, without any `auto`.
    """

    name: ClassVar[str] = "run_started"
    spec: Spec


@dataclass(frozen=True, kw_only=True)
class StepLogged(Event):
    """A line was added to metrics.jsonl.

    Attributes:
        steps: The number of steps of the whole run.
        scalars: Losses and reports of this step by name, `PLAYER/LOSS` or `PLAYER/LOSS/REPORT`.
        images_per_second: Real images per second since the line before.
        steps_per_second: Steps per second since the line before.
    """

    name: ClassVar[str] = "step_logged"
    steps: int
    scalars: Mapping[str, float]
    images_per_second: float
    steps_per_second: float


@dataclass(frozen=True, kw_only=True)
class CheckpointSaved(Event):
    """A checkpoint is complete on the disk.

    Attributes:
        checkpoint: The checkpoint's folder.
    """

    name: ClassVar[str] = "checkpoint_saved"
    checkpoint: Path


@dataclass(frozen=True, kw_only=True)
class RunEnded(Event):
    """Training has stopped.

    Attributes:
        error: None if the run is finished and evaluated, otherwise what ended it (`Stopped` after a request to stop).
    """

    name: ClassVar[str] = "run_ended"
    error: BaseException | None


class Callback:
    """Receives the events of a run. Override the methods of the events that you need.

    An exception in a callback does not end the run: it is reported in a warning, once per kind of event.

    Example:
        class Printer(Callback):
            def step_logged(self, event: StepLogged) -> None:
                print(event.step, event.scalars)

        train("spec.json", options=RunOptions(callbacks=[Printer()]))
    """

    def handle(self, event: Event) -> None:
        """Pass `event` to the method that its class names. Override this to receive every kind of event alike."""
        getattr(self, event.name)(event)

    def title(self) -> str:
        """What this callback is called in warnings."""
        return f"the callback {type(self).__qualname__}"

    def run_started(self, event: RunStarted) -> None: ...

    def step_logged(self, event: StepLogged) -> None: ...

    def checkpoint_saved(self, event: CheckpointSaved) -> None: ...

    def run_ended(self, event: RunEnded) -> None: ...


class Dispatcher:
    """Sends events to callbacks in order. One that raises is reported once per kind of event; the others still run."""

    def __init__(self, callbacks: Iterable[Callback]) -> None:
        self._callbacks = tuple(callbacks)
        self._reported: set[tuple[Callback, str]] = set()

    def send(self, event: Event) -> None:
        """Pass `event` to every callback. Only what is no Exception (KeyboardInterrupt, SystemExit) is raised."""
        for callback in self._callbacks:
            try:
                callback.handle(event)
            except Exception as error:  # a stranger's code must not end the run
                key = (callback, event.name)
                if key not in self._reported:
                    self._reported.add(key)
                    what = f"{type(error).__name__}: {error}"
                    warnings.warn(f"{callback.title()} failed in {event.name}: {what}; the run goes on", stacklevel=2)
