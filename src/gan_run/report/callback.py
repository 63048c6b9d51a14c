"""Writes the report of a run at its end."""

import warnings
from pathlib import Path

from gan_run.core.base.distributed import current_world
from gan_run.core.base.errors import describe_error
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
        self._ended = False

    def title(self) -> str:
        return "the report"

    def run_ended(self, event: RunEnded) -> None:
        self._ended = True
        if event.error is None:
            self._write(event.folder)

    def write_if_missing(self, folder: Path) -> None:
        """Write the report of a run that was finished before, by a process that was killed while it wrote the report.
        If that fails, there is a warning.

        Args:
            folder: The run folder.
        """
        if self._ended or (folder / REPORT).exists() or not current_world().is_main:
            return
        try:
            self._write(folder)
        except Exception as error:  # as in the dispatcher: the run is none the worse
            warnings.warn(f"the report of {folder} cannot be written: {describe_error(error)}", stacklevel=2)

    def _write(self, folder: Path) -> None:
        from gan_run.results.run import Run

        Run(folder, registry=self._plugins).report()
