"""Modules in the place of wandb, trackio and mlflow, which record what they are told."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

Points = dict[str, list[tuple[int, object]]]
"""What was logged: steps and values by name."""


class Tool(ModuleType):
    """A tool that keeps runs.

    Attributes:
        runs: The runs by id, each with its fields and its points.
        fails: Raise an error whenever something is logged.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.runs: dict[str, SimpleNamespace] = {}
        self.fails = False
        self.calls = 0

    def log(self, run: str, values: Mapping[str, object], step: int) -> None:
        self.calls += 1
        if self.fails:
            raise ConnectionError("the network is down")
        for name, value in values.items():
            self.runs[run].points.setdefault(name, []).append((step, value))

    def begin(self, run: str, **fields: object) -> None:
        self.runs[run] = SimpleNamespace(points={}, end=None, **fields)


class FakeWandb(Tool):
    """wandb as far as it is used: runs are found again by their id."""

    Image = staticmethod(lambda path: ("image", Path(path).name))

    def init(
        self,
        project: str,
        entity: str | None = None,
        name: str | None = None,
        group: str | None = None,
        config: Mapping[str, object] | None = None,
        id: str | None = None,
        dir: str | None = None,
        mode: str | None = None,
        resume: str | None = None,
        reinit: str | None = None,
    ) -> "FakeRun":
        assert (resume == "allow") == (id in self.runs)
        if id is None:
            id = f"id-{len(self.runs)}"  # noqa: A001  # its name
            self.begin(id, project=project, name=name, group=group, config=config, dir=dir, mode=mode)
        return FakeRun(self, id)


class FakeRun:
    def __init__(self, tool: Tool, id: str) -> None:
        self.id, self._tool = id, tool

    def log(self, values: Mapping[str, object], step: int) -> None:
        self._tool.log(self.id, values, step)

    def finish(self, exit_code: int | None = None) -> None:
        self._tool.runs[self.id].end = exit_code


class FakeTrackio(Tool):
    """trackio as far as it is used: runs are found again by their name, and have no id."""

    Image = staticmethod(lambda path: ("image", Path(path).name))

    def init(
        self,
        project: str,
        name: str | None = None,
        group: str | None = None,
        space_id: str | None = None,
        config: Mapping[str, object] | None = None,
        resume: str = "never",
    ) -> SimpleNamespace:
        assert name is not None
        if resume == "never":
            self.begin(name, project=project, group=group, config=config)
        return SimpleNamespace(log=lambda values, step: self.log(name, values, step), finish=lambda: None)


class FakeMlflow(Tool):
    """mlflow as far as it is used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.experiments: list[str] = []
        self.uris: list[str | None] = []
        self.exceptions = SimpleNamespace(MlflowException=ValueError)
        self.entities = SimpleNamespace(
            Param=lambda key, value: (key, value), Metric=lambda key, value, time, step: (key, value, step)
        )

    def MlflowClient(self, tracking_uri: str | None) -> "FakeClient":  # noqa: N802  # its name
        self.uris.append(tracking_uri)
        return FakeClient(self)


class FakeClient:
    def __init__(self, tool: FakeMlflow) -> None:
        self._tool = tool

    def get_experiment_by_name(self, name: str) -> SimpleNamespace | None:
        known = self._tool.experiments
        return SimpleNamespace(experiment_id=str(known.index(name))) if name in known else None

    def create_experiment(self, name: str) -> str:
        self._tool.experiments.append(name)
        return str(len(self._tool.experiments) - 1)

    def create_run(self, experiment_id: str, tags: Mapping[str, str]) -> SimpleNamespace:
        run = f"run-{len(self._tool.runs)}"
        experiment = self._tool.experiments[int(experiment_id)]
        self._tool.begin(run, experiment=experiment, tags=dict(tags), params={}, texts={})
        return SimpleNamespace(info=SimpleNamespace(run_id=run))

    def update_run(self, run: str, status: str) -> None:
        self._tool.runs[run].end = status

    def set_terminated(self, run: str, status: str) -> None:
        self._tool.runs[run].end = status

    def log_batch(
        self, run: str, metrics: Sequence[tuple[str, float, int]] = (), params: Sequence[tuple[str, str]] = ()
    ) -> None:
        assert len(params) <= 100, "MLflow's limit"
        for key, _ in params:
            assert key not in self._tool.runs[run].params, "a parameter cannot change"
        self._tool.runs[run].params.update(params)
        for key, value, step in metrics:
            assert not {*"[]"} & {*key}, "MLflow refuses this name"
            self._tool.log(run, {key: value}, step)

    def log_dict(self, run: str, content: Mapping[str, Any], file: str) -> None:
        self._tool.runs[run].texts[file] = content

    def log_image(self, run: str, image: Any, key: str, step: int) -> None:
        self._tool.log(run, {key: ("image", image.size)}, step)

    def set_tag(self, run: str, key: str, text: str) -> None:
        self._tool.runs[run].tags[key] = text


TOOLS: Mapping[str, Callable[[str], Tool]] = {"wandb": FakeWandb, "trackio": FakeTrackio, "mlflow": FakeMlflow}


def stand_in(name: str, patch: pytest.MonkeyPatch) -> Tool:
    """Install the stand-in of a tool, for as long as `patch` says."""
    tool = TOOLS[name](name)
    patch.setitem(sys.modules, name, tool)
    return tool
