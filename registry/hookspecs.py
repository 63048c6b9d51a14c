"""Every hook there is, grouped by lifecycle. A plugin implements what it needs, with `from gan_run import hookimpl`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from gan_run.core.kinds.component import Component
    from gan_run.core.run.events import CheckpointSaved, RunEnded, RunStarted, StepLogged

PROJECT = "gan_run"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

# --- Discovery: once, when the plugin is loaded.


@hookspec
def gan_run_components() -> "Sequence[type[Component]]":  # type: ignore[empty-body]  # a hookspec has no body
    """The component classes that this plugin adds; the kind of each is its base class."""


# --- A run, in the order in which things happen.


@hookspec
def gan_run_run_started(event: "RunStarted") -> None:
    """Training begins or goes on."""


@hookspec
def gan_run_step_logged(event: "StepLogged") -> None:
    """A line went into metrics.jsonl."""


@hookspec
def gan_run_checkpoint_saved(event: "CheckpointSaved") -> None:
    """A checkpoint is complete on the disk."""


@hookspec
def gan_run_run_ended(event: "RunEnded") -> None:
    """Training finished, was stopped, or failed."""
