"""Writes the report of a run at its end."""

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
        from gan_run.results.run import Run

        Run(event.folder, registry=self._plugins).report()
