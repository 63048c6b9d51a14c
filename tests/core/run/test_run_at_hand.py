"""Every event comes with the run and the model at hand, and training is the same whether or not they are used."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gan_run import (
    ArtifactRendered,
    Callback,
    Event,
    GanRunError,
    MetricMeasured,
    Model,
    RunEnded,
    RunOptions,
    RunStarted,
    StepLogged,
    Stopped,
    load,
    resume,
    train,
)
from gan_run.core.engine.training import Training
from gan_run.registry.plugins import Registry, load_plugins

Small = Callable[..., dict[str, Any]]
EVALUATED: dict[str, Any] = {
    "metrics": [{"type": "loudness"}, {"type": "loudness", "every": 2}],
    "artifacts": [{"type": "samples", "rows": 1, "every": 4}, {"type": "samples", "rows": 2}],
}


class Recorder(Callback):
    def __init__(self) -> None:
        self.seen: list[Event] = []

    def handle(self, event: Event) -> None:
        self.seen.append(event)


def run(spec: dict[str, Any], out: Path, registry: Registry, *callbacks: Callback) -> Path:
    return train(spec, out, options=RunOptions(callbacks=callbacks, notify=lambda text: None, registry=registry))


def test_metrics_and_artifacts_are_told_on_the_way_and_at_the_end(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    recorder = Recorder()
    folder = run(small(train={"steps": 5}, **EVALUATED), tmp_path, registry, recorder)
    assert {(event.folder, event.steps) for event in recorder.seen} == {(folder, 5)}
    measured = [event for event in recorder.seen if isinstance(event, MetricMeasured)]
    assert [(event.step, event.index) for event in measured] == [(2, 1), (4, 1), (5, 0), (5, 1)]
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    written = [each["found"] for line in lines for each in line.get("metrics", [])]
    written += [each["found"] for each in json.loads((folder / "evaluation.json").read_text())["metrics"]]
    assert [event.found for event in measured] == written
    assert [event.headline for event in measured] == [{"mean": found["mean"]} for found in written]
    assert measured[1].metric.every == 2
    rendered = [event for event in recorder.seen if isinstance(event, ArtifactRendered)]
    assert [(event.step, event.index) for event in rendered] == [(4, 0), (5, 0), (5, 1)]
    assert all(event.files and all(file.is_file() for file in event.files) for event in rendered)
    assert rendered[2].artifact.model_dump()["rows"] == 2


class Asks(Callback):
    """Asks for the model at every event, and draws random numbers."""

    def __init__(self) -> None:
        self.models: list[tuple[int, Model]] = []

    def handle(self, event: Event) -> None:
        self.models.append((event.step, event.model()))
        torch.rand(3)


class Keeps(Callback):
    """Makes two random images at the start and at every logged step."""

    def __init__(self) -> None:
        self.images: dict[int, torch.Tensor] = {}

    def run_started(self, event: RunStarted) -> None:
        self.images[event.step] = event.model().sample(2, seed=5)

    def step_logged(self, event: StepLogged) -> None:
        self.images[event.step] = event.model().sample(2, seed=5)


def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps at which a model is built from now on."""
    built: list[int] = []
    build = Training.model

    def counted(training: Training) -> Model:
        built.append(training.step)
        return build(training)

    monkeypatch.setattr(Training, "model", counted)
    return built


def test_a_model_is_built_once_a_step_for_all_who_ask_and_not_at_all_if_nobody_does(
    small: Small, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = builds(monkeypatch)
    first, second = Asks(), Asks()
    run(small(train={"steps": 4}, **EVALUATED), tmp_path / "asked", registry, first, second)
    assert built == [0, 1, 2, 3, 4]
    for (step, model), (other_step, other) in zip(first.models, second.models, strict=True):
        assert step == other_step
        assert model is other
    built.clear()
    run(small(train={"steps": 4}), tmp_path / "quiet", registry, Recorder())
    assert built == []
    run(small(train={"steps": 4}, **EVALUATED), tmp_path / "evaluated", registry, Recorder())
    assert built == [2, 4]


def test_training_and_evaluation_are_the_same_whether_or_not_models_are_asked_for(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    spec = small(train={"steps": 4, "ema": 0.9}, **EVALUATED)
    plain = run(spec, tmp_path / "plain", registry)
    asked = run(spec, tmp_path / "asked", registry, Asks())
    for name in ("model", "optimizer"):
        file = f"checkpoints/step-00000004/{name}.safetensors"
        assert (plain / file).read_bytes() == (asked / file).read_bytes()
    for path in ("evaluation.json", "samples/step-00000004.png"):
        assert (plain / path).read_bytes() == (asked / path).read_bytes()
    assert load_file(plain / file)


def test_the_model_is_that_of_the_checkpoint_of_the_step(small: Small, registry: Registry, tmp_path: Path) -> None:
    keeps = Keeps()
    folder = run(small(train={"steps": 3, "checkpoint_every": 1, "keep": 9}), tmp_path, registry, keeps)
    assert set(keeps.images) == {0, 1, 2, 3}
    for step in (1, 2, 3):
        assert torch.equal(keeps.images[step], load(folder, registry=registry, checkpoint=step).sample(2, seed=5))


def test_a_model_of_an_earlier_step_is_refused_rather_than_given_for_another(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    recorder = Recorder()
    run(small(train={"steps": 2}), tmp_path, registry, recorder)
    with pytest.raises(GanRunError, match="the model after 1 steps is gone: ask for it while the event is handled"):
        next(event for event in recorder.seen if event.step == 1).model()


class EndsAt(Callback):
    """Asks for the end in an event of some kind, at some step."""

    def __init__(self, name: str, step: int) -> None:
        self._name, self._step = name, step

    def handle(self, event: Event) -> None:
        if (event.name, event.step) == (self._name, self._step):
            event.end_training()


@pytest.mark.parametrize(
    ("name", "step", "ended_at"),
    [("run_started", 0, 0), ("step_logged", 3, 3), ("metric_measured", 2, 2), ("checkpoint_saved", 2, 3)],
)
def test_a_callback_may_end_the_run_which_is_evaluated_and_finished(
    small: Small, registry: Registry, tmp_path: Path, name: str, step: int, ended_at: int
) -> None:
    recorder, spec = Recorder(), small(**EVALUATED)
    folder = run(spec, tmp_path, registry, EndsAt(name, step), recorder)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert (evaluation["step"], evaluation["ended_early"], len(evaluation["metrics"])) == (ended_at, True, 2)
    assert isinstance(recorder.seen[-1], RunEnded)
    assert (recorder.seen[-1].step, recorder.seen[-1].error) == (ended_at, None)
    if ended_at:
        assert load(folder, registry=registry).sample(1).isfinite().all()
        run(spec, tmp_path, registry, again := Recorder())
        assert again.seen == []


def test_a_run_that_ended_early_goes_on_with_other_callbacks_or_more_steps(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    spec = small(train={"steps": 5})
    folder = run(spec, tmp_path, registry, EndsAt("step_logged", 2))
    options = RunOptions(notify=lambda text: None, registry=registry)
    resume(folder, overrides=["train.steps=6"], options=options)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert (evaluation["step"], evaluation["metrics"]) == (6, [])
    assert "ended_early" not in evaluation
    straight = run(small(train={"steps": 6}), tmp_path / "straight", registry)
    model = "checkpoints/step-00000006/model.safetensors"
    assert (folder / model).read_bytes() == (straight / model).read_bytes()


def test_a_request_to_stop_comes_before_the_end(small: Small, registry: Registry, tmp_path: Path) -> None:
    options = RunOptions(
        callbacks=[EndsAt("step_logged", 1)], stop=lambda: True, notify=lambda text: None, registry=registry
    )
    with pytest.raises(Stopped):
        train(small(), tmp_path, options=options)
    assert not (tmp_path / "small/evaluation.json").exists()


HOOKS = """
from gan_run import hookimpl

SEEN = []

@hookimpl
def gan_run_metric_measured(event):
    SEEN.append((event.name, event.step, event.index, event.headline["mean"] == event.found["mean"]))

@hookimpl
def gan_run_artifact_rendered(event):
    SEEN.append((event.name, event.step, event.index, len(event.files) > 0))
"""


def test_hooks_of_a_plugin_file_get_the_same_events(
    small: Small, toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(toys)
    (tmp_path / "watch.py").write_text(HOOKS)
    registry = load_plugins(files=[tmp_path / "watch.py"])
    (plugin,) = (plugin for plugin in registry.plugins if plugin.name == "watch")
    evaluated = {"metrics": [{"type": "loudness"}], "artifacts": [{"type": "samples", "rows": 1}]}
    run(small(train={"steps": 2}, **evaluated), tmp_path, registry)
    seen = registry.manager.get_plugin(plugin.key).SEEN
    assert seen == [("artifact_rendered", 2, 0, True), ("metric_measured", 2, 0, True)]
