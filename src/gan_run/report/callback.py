"""Writes the report of a run at its end."""

import warnings
from pathlib import Path

from gan_run.core.base.distributed import current_world
from gan_run.core.base.errors import GanRunError
from gan_run.core.kinds.callback import Callback
from gan_run.core.kinds.events import RunEnded
from gan_run.core.run.options import Plugins

REPORT = "report.html"
"""The report's name in the run folder."""


class WriteReport(Callback):
    """Writes report.html of a run that is finished. If that fails, the dispatcher warns, and the run is none the worse.

    Args:
        plugins: The plugins with which the run was trained.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def title(self) -> str:
        return "the report"

    def run_ended(self, event: RunEnded) -> None:
        if event.error is not None:
            return
        _write(event.folder, self._plugins)


def write_missing_report(folder: Path, plugins: Plugins) -> None:
    """Write the report of a finished run that has none: the process was killed while it wrote it. Failure is a warning.

    Args:
        folder: The run folder.
        plugins: The plugins with which the run was trained.
    """
    if (folder / REPORT).exists() or not current_world().is_main:
        return
    try:
        _write(folder, plugins)
    except GanRunError as error:
        warnings.warn(f"the report of {folder} is missing, and cannot be written: {error}", stacklevel=2)


def _write(folder: Path, plugins: Plugins) -> None:
    from gan_run.results.run import Run

    Run(folder, registry=plugins).report()
