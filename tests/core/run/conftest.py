"""Trains small specs, and keeps what was said."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gan_run import Callback, RunOptions, RunStarted, StepLogged
from gan_run import resume as resume_run
from gan_run import train as train_spec
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry


class Steps(Callback):
    """The steps that were taken, and what training began from."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.began_at: list[int] = []

    def run_started(self, event: RunStarted) -> None:
        self.began_at.append(event.step)

    def step_logged(self, event: StepLogged) -> None:
        self.taken.append(event.step)


class Bench:
    """Trains into a folder of its own, and keeps what was said."""

    def __init__(self, out: Path, registry: Registry) -> None:
        self.out = out
        self.said: list[str] = []
        self.steps = Steps()
        self.registry = registry

    def train(self, spec: dict[str, Any], *overrides: str, fresh: bool = False, stop_at: int | None = None) -> Path:
        return train_spec(spec, self.out, overrides=overrides, options=self._options(stop_at, fresh))

    def resume(self, folder: Path, *overrides: str, stop_at: int | None = None) -> Path:
        return resume_run(folder, overrides=overrides, options=self._options(stop_at))

    @staticmethod
    def written_spec(folder: Path) -> Any:
        return json.loads((folder / "spec.json").read_text())

    @staticmethod
    def weights(folder: Path) -> dict[str, torch.Tensor]:
        latest = RunFolder(folder).latest()
        assert latest is not None
        return load_file(latest.folder / "model.safetensors")

    def _options(self, stop_at: int | None, fresh: bool = False) -> RunOptions:
        self.said.clear()
        steps = self.steps = Steps()
        asked = count(1)  # it is asked once after every step
        return RunOptions(
            fresh=fresh,
            callbacks=[steps],
            stop=lambda: steps.began_at[0] + next(asked) == stop_at,
            notify=self.said.append,
            registry=self.registry,
        )


@pytest.fixture
def timed_precisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` times each precision, on a CPU without bf16 instructions too."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")


@pytest.fixture
def bench(tmp_path: Path, registry: Registry) -> Bench:
    return Bench(tmp_path / "runs", registry)
