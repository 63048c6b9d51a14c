"""Stand-ins for the tools that are not installed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_run import Callback, RunOptions, StepLogged
from gan_run.registry.plugins import Registry
from stand_in_tools import FakeMlflow, FakeTrackio, FakeWandb, stand_in


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    return stand_in("wandb", monkeypatch)  # type: ignore[return-value]  # the one of this name


@pytest.fixture
def trackio(monkeypatch: pytest.MonkeyPatch) -> FakeTrackio:
    return stand_in("trackio", monkeypatch)  # type: ignore[return-value]  # as above


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> FakeMlflow:
    return stand_in("mlflow", monkeypatch)  # type: ignore[return-value]  # as above


class Rings(Callback):
    """Reports an alarm at step 2."""

    def step_logged(self, event: StepLogged) -> None:
        event.report_alarm("dark", "it is dark" if event.step == 2 else None, {"light": 0.0})


@pytest.fixture(scope="module")
def options(registry: Registry) -> Callable[..., RunOptions]:
    """options(stop=3) are those of a run that is stopped after three steps."""

    def make(stop: int | None = None) -> RunOptions:
        steps = iter(range(1, 100))
        return RunOptions(
            stop=lambda: next(steps) == stop, notify=lambda text: None, registry=registry, callbacks=[Rings()]
        )

    return make


@pytest.fixture(scope="module")
def evaluated() -> dict[str, object]:
    """Fields of a spec that is measured and drawn on the way."""
    return {
        "metrics": [{"type": "loudness", "every": 2}, {"type": "cluster-accuracy", "code": "category"}],
        "artifacts": [{"type": "samples", "rows": 1, "every": 2}, {"type": "traversal", "rows": 1, "codes": ["c"]}],
    }


@pytest.fixture(scope="module")
def forget_last() -> Callable[[Path], None]:
    """Removes a run's last checkpoint, as if it had been killed before it was saved."""

    def forget(run: Path) -> None:
        shutil.rmtree(max((run / "checkpoints").glob("step-*")))

    return forget
