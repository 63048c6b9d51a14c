"""The logger `wandb`: Weights & Biases, and trackio, which has the same functions."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from pydantic import Field

from gan_run import PluginError, RunStarted, suggest
from gan_run.plugins.training.loggers.flat_spec import as_json
from gan_run.plugins.training.loggers.logger import End, Logger, LogRun, import_tool

OURS = ("project", "name", "group", "config", "id", "resume", "dir", "reinit")
"""Arguments of `init` that are not the user's."""


class Wandb(Logger):
    """Logs to Weights & Biases, or to trackio, which has the same functions.

    `{"mode": "offline"}` in `init` writes to `wandb/` of the run folder, which `wandb sync` uploads later.
    """

    type: Literal["wandb"] = "wandb"
    module: Literal["wandb", "trackio"] = Field(default="wandb", description="The Python module to log with.")
    project: str = Field(default="gan-run", min_length=1, description="The project of the run.")
    init: Mapping[str, str | int | float | bool | None] = Field(
        default={}, description='Further arguments of the module\'s `init`, such as {"mode": "offline"} or an entity.'
    )

    @property
    def place(self) -> str:
        return f"{self.module}-{self.project}"

    def load(self) -> ModuleType:
        tool = import_tool(self.module, self.module)
        taken = [name for name in inspect.signature(tool.init).parameters if name not in OURS]
        for name in self.init:
            if name not in taken:
                raise PluginError(
                    f"callbacks: init.{name}: {self.module}.init has no such argument{suggest(name, taken)}"
                )
        return tool

    def open(self, tool: ModuleType, event: RunStarted, run: str | None) -> LogRun:
        arguments = {
            "project": self.project,
            "name": event.spec.name,
            "group": event.group,
            "config": as_json(event.spec),
            "resume": "never" if run is None else "allow",
            "id": run,
            "dir": str(event.folder),
            "reinit": "create_new",  # several loggers may each have a run
        }
        taken = inspect.signature(tool.init).parameters
        known = {name: value for name, value in arguments.items() if name in taken}
        return WandbRun(tool, tool.init(**known, **self.init), event.spec.name)


class WandbRun(LogRun):
    """A run of the module."""

    def __init__(self, tool: ModuleType, run: Any, name: str) -> None:  # the run is the module's
        self._tool, self._run = tool, run
        self.id = str(getattr(run, "id", name))  # trackio finds a run by its name

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._run.log(dict(values), step=step)

    def picture(self, name: str, file: Path, step: int) -> None:
        self._run.log({name: self._tool.Image(str(file))}, step=step)

    def text(self, name: str, text: str, step: int) -> None:
        self._run.log({name: text}, step=step)

    def close(self, end: End) -> None:
        codes = inspect.signature(self._run.finish).parameters
        self._run.finish(**({"exit_code": int(end == "failed")} if "exit_code" in codes else {}))
