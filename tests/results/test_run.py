"""A run from Python: its numbers with their direction, its log as columns, its spec and model."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from gan_run import HeadlineNumber, Run, RunError
from gan_run.registry.plugins import Registry
from made_runs import entry

Make = Callable[..., Path]
LINES = [
    {"step": 2, "generator/a": 1.0, "generator/lr": 0.1, "time": {"unix": 5.0}},
    {"step": 2, "metrics": [entry({"distance": 9.0}, every=2)]},
    {"step": 4, "generator/a": None, "discriminator/b": 3, "time": {"unix": 6.0}},
]
COLUMNS = ["step", "generator/a", "generator/lr", "time/unix", "discriminator/b", "distance distance"]


def test_metrics_are_floats_that_know_their_direction(make: Make, plugins: Registry) -> None:
    used = {"network": "ab"}
    found = [
        entry({"distance": 2.5, "share": 0.5, "images": 100}),
        entry({"distance": 3.0, "measured_with": used}, split="x"),
    ]
    run = Run(make("a", found), registry=plugins)
    assert run.is_finished
    assert run.step == run.spec.train.steps == 6
    names = ['distance(split="test") distance', 'distance(split="test") share', 'distance(split="x") distance']
    assert [name.partition(" #")[0] for name in run.metrics] == names
    distance = run.metrics[names[0]]
    assert isinstance(distance, HeadlineNumber)
    assert distance == 2.5
    assert (distance.headline.better, distance.headline.unit, distance.fingerprint) == ("lower", "pixels", "")
    assert [len(number.fingerprint) for number in run.metrics.values()] == [0, 0, 8]


def test_history_is_a_data_frame_with_a_row_for_each_step(make: Make, plugins: Registry) -> None:
    history = Run(make("a", None, LINES), registry=plugins).history
    assert isinstance(history, pd.DataFrame)
    assert list(history) == COLUMNS
    assert history["step"].tolist() == [2, 4]
    assert history["distance distance"].tolist()[0] == 9.0
    assert history["generator/a"].isna().tolist() == [False, True]
    assert history["discriminator/b"].isna().tolist() == [True, False]


def test_without_pandas_history_is_a_dict_of_lists(
    make: Make, plugins: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    history = Run(make("a", None, LINES), registry=plugins).history
    assert isinstance(history, dict)
    assert list(history) == COLUMNS
    assert history["step"] == [2, 4]
    assert history["generator/lr"] == pytest.approx([0.1, float("nan")], nan_ok=True)


def test_an_unfinished_run_has_a_step_and_no_metrics(make: Make, plugins: Registry) -> None:
    run = Run(make("a", None, LINES), registry=plugins)
    assert not run.is_finished
    assert (run.step, run.metrics) == (4, {})
    assert Run(make("b", None), registry=plugins).step == 0


def test_a_metric_that_is_not_installed_is_left_out_with_the_reason(make: Make, plugins: Registry) -> None:
    found = [{"metric": {"type": "distanc"}, "found": {"x": 1.0}}, entry({"distance": 1.0}), entry({}, colour="red")]
    run = Run(make("a", found), registry=plugins)
    with pytest.warns(UserWarning, match="its numbers are left out"):
        assert list(run.metrics) == ["distance distance"]
    missing, other = run.left_out
    assert "did you mean 'distance'" in missing
    assert "'colour' is not a field here" in other


def test_a_trained_run_gives_its_model(run: Path, registry: Registry) -> None:
    opened = Run(run, registry=registry)
    assert opened.model().sample(2).shape == (2, 1, 8, 8)
    assert opened.model(checkpoint=2).sample(2).shape == (2, 1, 8, 8)
    assert opened.metrics["loudness mean"].headline.better == "higher"
    assert next(iter(opened.history)) == "step"


def test_a_folder_without_a_spec_is_no_run(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(RunError, match="is no run folder"):
        Run(tmp_path, registry=registry)
