"""What may be told of a run while it goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_run.core.kinds.spec import Spec


@dataclass(frozen=True)
class RunStarted:
    """Training begins, or goes on after `step` steps."""

    folder: Path
    spec: Spec
    step: int


@dataclass(frozen=True)
class StepLogged:
    """A line went into metrics.jsonl."""

    folder: Path
    step: int
    steps: int
    scalars: Mapping[str, float]
    images_per_second: float
    steps_per_second: float


@dataclass(frozen=True)
class CheckpointSaved:
    """A checkpoint is complete."""

    folder: Path
    step: int
    checkpoint: Path


@dataclass(frozen=True)
class RunEnded:
    """Training stopped: finished, or `error` tells why not."""

    folder: Path
    step: int
    error: BaseException | None


class Listener:
    """Told of a run's events. Override what you care about."""

    def run_started(self, event: RunStarted) -> None: ...

    def step_logged(self, event: StepLogged) -> None: ...

    def checkpoint_saved(self, event: CheckpointSaved) -> None: ...

    def run_ended(self, event: RunEnded) -> None: ...


class Everyone(Listener):
    """Tells several listeners."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    def run_started(self, event: RunStarted) -> None:
        for listener in self._listeners:
            listener.run_started(event)

    def step_logged(self, event: StepLogged) -> None:
        for listener in self._listeners:
            listener.step_logged(event)

    def checkpoint_saved(self, event: CheckpointSaved) -> None:
        for listener in self._listeners:
            listener.checkpoint_saved(event)

    def run_ended(self, event: RunEnded) -> None:
        for listener in self._listeners:
            listener.run_ended(event)
