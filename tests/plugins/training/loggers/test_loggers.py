"""Loggers write what metrics.jsonl has, once each, also when a run is resumed; a failure costs one warning."""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gan_run import PluginError, RunOptions, Stopped, resume, sweep, train, train_seeds
from stand_in_tools import FakeMlflow, FakeTrackio, FakeWandb, Points

Small = Callable[..., dict[str, Any]]
Options = Callable[..., RunOptions]
ALL = [
    {"type": "wandb", "project": "digits", "init": {"mode": "offline"}},
    {"type": "wandb", "module": "trackio"},
    {"type": "mlflow"},
]


def logged(run: Path) -> Points:
    """The numbers of metrics.jsonl, as (step, value) by name."""
    points: Points = {}
    for line in map(json.loads, (run / "metrics.jsonl").read_text().splitlines()):
        for name, value in line.items():
            if name not in ("step", "time", "crc32", "metrics"):
                points.setdefault(name, []).append((line["step"], value))
    return points


def interrupted(spec: dict[str, Any], out: Path, options: Options, forget_last: Callable[[Path], None]) -> Path:
    """A run that was killed after step 3, and taken up again at step 2."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*; the run goes on")
        with pytest.raises(Stopped):
            train(spec, out, options=options(stop=3))
        forget_last(out / "small")
        return train(spec, out, options=options())


def test_each_point_is_written_once_with_its_name_and_step(
    small: Small,
    options: Options,
    evaluated: dict[str, object],
    forget_last: Callable[[Path], None],
    wandb: FakeWandb,
    trackio: FakeTrackio,
    mlflow: FakeMlflow,
    tmp_path: Path,
) -> None:
    spec = small(train={"steps": 4}, callbacks=ALL, **evaluated)
    run = interrupted(spec, tmp_path, options, forget_last)
    for tool in (wandb, trackio, mlflow):
        (written,) = (each.points for each in tool.runs.values())
        assert {name: written[name] for name in logged(run)} == logged(run)
        assert [step for step, _ in written["loudness/mean"]] == [2, 4]
        assert [step for step, _ in written["cluster-accuracy/test/accuracy"]] == [4]
        assert [step for step, _ in written["samples"]] == [2, 4]
        assert [step for step, _ in written["traversals/c"]] == [4]
        assert [step for step, _ in written["time/images_per_second"]] == [1, 2, 3, 4]
    for tool in (wandb, trackio):
        (written,) = (each.points for each in tool.runs.values())
        assert written["alarms/dark"] == [(2, "it is dark")]
        assert written["samples"] == [(step, ("image", f"step-{step:08d}.png")) for step in (2, 4)]


def test_the_run_in_the_tool_has_the_spec_its_group_and_how_it_ended(
    small: Small, options: Options, wandb: FakeWandb, mlflow: FakeMlflow, tmp_path: Path
) -> None:
    spec = small(train={"steps": 2}, callbacks=[ALL[0], {**ALL[2], "experiment": "mine", "tracking_uri": "file:x"}])
    run = train(spec, tmp_path, options=options())
    (by_wandb,) = wandb.runs.values()
    assert (by_wandb.project, by_wandb.name, by_wandb.group, by_wandb.mode) == ("digits", "small", "small", "offline")
    assert Path(by_wandb.dir) == run
    recorded = json.loads((run / "spec.json").read_text())
    assert {**by_wandb.config, "seed": 3} == recorded
    assert by_wandb.end == 0
    (by_mlflow,) = mlflow.runs.values()
    assert mlflow.uris == ["file:x"]
    assert by_mlflow.experiment == "mine"
    assert by_mlflow.tags == {"mlflow.runName": "small", "group": "small", "alarms/dark": "step 2: it is dark"}
    assert by_mlflow.params["losses.1.codes.category"] == "1.0"
    assert by_mlflow.texts["spec.json"] == recorded
    assert by_mlflow.end == "FINISHED"


def test_a_failed_run_is_marked(small: Small, options: Options, wandb: FakeWandb, tmp_path: Path) -> None:
    spec = small(losses=[{"type": "non-saturating"}, {"type": "turns-nan", "calls": 1}], callbacks=[ALL[0]])
    with pytest.raises(ValueError, match="turns-nan"):
        train(spec, tmp_path, options=options())
    (run,) = wandb.runs.values()
    assert run.end == 1


def test_pictures_can_be_left_out(small: Small, options: Options, wandb: FakeWandb, tmp_path: Path) -> None:
    spec = small(train={"steps": 2}, callbacks=[{**ALL[0], "pictures": False}], artifacts=[{"type": "samples"}])
    train(spec, tmp_path, options=options())
    (run,) = wandb.runs.values()
    assert "samples" not in run.points


def test_seeds_and_sweeps_have_a_run_each_in_one_group(
    small: Small, options: Options, wandb: FakeWandb, mlflow: FakeMlflow, tmp_path: Path
) -> None:
    spec = small(train={"steps": 1}, callbacks=[ALL[0], ALL[2]])
    train_seeds(spec, 2, tmp_path, options=options())
    sweep(spec, {"losses[1].weight": [0.5], "seed": range(1)}, tmp_path, jobs=1, options=options())
    assert [(run.group, run.name) for run in wandb.runs.values()] == [
        ("small", "small-seed-3"),
        ("small", "small-seed-4"),
        ("small-sweep", "weight-0.5-seed-0"),
    ]
    assert mlflow.experiments == ["small", "small-sweep"]


def test_a_failure_costs_one_warning_and_not_the_run(
    small: Small, options: Options, evaluated: dict[str, object], wandb: FakeWandb, mlflow: FakeMlflow, tmp_path: Path
) -> None:
    wandb.fails = True
    spec = small(train={"steps": 4}, callbacks=[ALL[0], ALL[2]], **evaluated)
    with pytest.warns(UserWarning, match="the callback wandb failed in step_logged: .* the network is down") as seen:
        run = train(spec, tmp_path, options=options())
    assert len(seen) == 1
    assert wandb.calls == 1
    assert (run / "evaluation.json").exists()
    (other,) = mlflow.runs.values()
    assert [step for step, _ in other.points["samples"]] == [2, 4]
    # The next stretch tries again.
    wandb.fails = False
    resume(run, overrides=["train.steps=5"], options=options())
    (by_wandb,) = wandb.runs.values()
    assert [step for step, _ in by_wandb.points["generator/non-saturating"]] == [5]


@pytest.mark.parametrize(("type_", "module", "extra"), [("wandb", "wandb", "wandb"), ("mlflow", "mlflow", "mlflow")])
def test_a_missing_package_is_an_error_before_the_run(
    write_spec: Callable[..., Path],
    here: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    type_: str,
    module: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    done = here(write_spec(callbacks=[{"type": type_}]))
    assert done.exit_code == 2
    assert f"pip install 'gan-run[{extra}]'" in done.output
    assert not (tmp_path / "runs/small").exists()


def test_an_argument_that_init_does_not_take_is_an_error_before_the_run(
    small: Small, options: Options, wandb: FakeWandb, tmp_path: Path
) -> None:
    spec = small(callbacks=[{"type": "wandb", "init": {"mod": "offline"}}])
    with pytest.raises(PluginError, match=r"init.mod: wandb.init has no such argument; did you mean 'mode'"):
        train(spec, tmp_path, options=options())


def test_a_run_that_begins_afresh_is_another_run_in_the_tool(
    write_spec: Callable[..., Path], here: Callable[..., Result], wandb: FakeWandb
) -> None:
    spec = write_spec(train={"steps": 1}, callbacks=[ALL[0]])
    assert here(spec).exit_code == 0
    assert here(spec, "--fresh").exit_code == 0
    assert len(wandb.runs) == 2
