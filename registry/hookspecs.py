"""All hooks, in the order in which they are called. A plugin implements those it needs, marked by `gan_run.hookimpl`.

The hook of an event is called `gan_run_` and the event's name in core/kinds/events.py.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from gan_run.core.kinds.component import Component
    from gan_run.core.kinds.events import (
        AlarmRaised,
        ArtifactRendered,
        CheckpointSaved,
        MetricMeasured,
        RunEnded,
        RunStarted,
        StepLogged,
    )

PROJECT = "gan_run"
PREFIX = "gan_run_"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

# --- Discovery: once, when a plugin is loaded.


@hookspec
def gan_run_components() -> "Sequence[type[Component]]":  # type: ignore[empty-body]  # a hookspec has no body
    """The component classes that this plugin adds; the kind of each is its base class."""


# --- A run's events.


@hookspec
def gan_run_run_started(event: "RunStarted") -> None:
    """Training begins or is resumed."""


@hookspec
def gan_run_step_logged(event: "StepLogged") -> None:
    """A line was added to metrics.jsonl."""


@hookspec
def gan_run_alarm_raised(event: "AlarmRaised") -> None:
    """An alarm has begun to ring."""


@hookspec
def gan_run_metric_measured(event: "MetricMeasured") -> None:
    """A metric was measured, on the way or at the end."""


@hookspec
def gan_run_artifact_rendered(event: "ArtifactRendered") -> None:
    """An artifact was rendered, on the way or at the end."""


@hookspec
def gan_run_checkpoint_saved(event: "CheckpointSaved") -> None:
    """A checkpoint is complete on the disk."""


@hookspec
def gan_run_run_ended(event: "RunEnded") -> None:
    """Training is finished, was stopped, or failed."""
