"""The logger `mlflow`."""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from pydantic import Field

from gan_run import RunStarted
from gan_run.plugins.training.loggers.flat_spec import as_json, parameters
from gan_run.plugins.training.loggers.logger import End, Logger, LogRun, import_tool

BATCH = 100
"""The most parameters that MLflow takes in one call."""
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""Unless the environment says otherwise: by MLflow's own defaults a run waits minutes for a server that is down."""
STATUS: Mapping[End, str] = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}


class MLflow(Logger):
    """Logs to MLflow: to a server, a database or a folder."""

    type: Literal["mlflow"] = "mlflow"
    experiment: str | None = Field(
        default=None, description="The experiment of the run; default: the run's group, such as the spec's name."
    )
    tracking_uri: str | None = Field(
        default=None, description="Where runs are kept; default: MLFLOW_TRACKING_URI, or else MLflow's own default."
    )

    @property
    def place(self) -> str:
        return f"mlflow-{self.experiment}" if self.experiment else "mlflow"

    def load(self) -> ModuleType:
        return import_tool("mlflow", "mlflow")

    def open(self, tool: ModuleType, event: RunStarted, run: str | None) -> LogRun:
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        client = tool.MlflowClient(tracking_uri=self.tracking_uri)
        if run is not None:
            client.update_run(run, status="RUNNING")
            return MLflowRun(tool, client, run)
        tags = {"mlflow.runName": event.spec.name, "group": event.group}
        created = client.create_run(_experiment(tool, client, self.experiment or event.group), tags=tags)
        begun = MLflowRun(tool, client, created.info.run_id)
        begun.parameters(parameters(event.spec))
        client.log_dict(begun.id, as_json(event.spec), "spec.json")
        return begun


class MLflowRun(LogRun):
    """A run of MLflow."""

    def __init__(self, tool: ModuleType, client: Any, run: str) -> None:  # the client is MLflow's
        self._entities, self._client = tool.entities, client
        self.id: str = run

    def parameters(self, values: Mapping[str, object]) -> None:
        """Write the parameters of the run, which cannot change later."""
        params = [self._entities.Param(plain(name), str(value)) for name, value in values.items()]
        for begin in range(0, len(params), BATCH):
            self._client.log_batch(self.id, params=params[begin : begin + BATCH])

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        now = int(1000 * time.time())
        metrics = [self._entities.Metric(plain(name), value, now, step) for name, value in values.items()]
        self._client.log_batch(self.id, metrics=metrics)

    def picture(self, name: str, file: Path, step: int) -> None:
        from PIL import Image

        with Image.open(file) as opened:
            self._client.log_image(self.id, opened.convert("RGB"), key=plain(name), step=step)

    def text(self, name: str, text: str, step: int) -> None:
        self._client.set_tag(self.id, plain(name), f"step {step}: {text}")

    def close(self, end: End) -> None:
        self._client.set_terminated(self.id, STATUS[end])


def plain(name: str) -> str:
    """A name as MLflow takes it: `losses[1].weight` as `losses.1.weight`."""
    return re.sub(r"[^/\w.\- :]", "_", name.replace("[", ".").replace("]", ""))


def _experiment(tool: ModuleType, client: Any, name: str) -> str:
    """The id of an experiment, which is made if there is none."""
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name))
        except tool.exceptions.MlflowException:  # another run has just made it
            found = client.get_experiment_by_name(name)
    return str(found.experiment_id)
