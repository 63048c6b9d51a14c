"""Sweeps from Python, in this process: what is trained, what is refused, and what a failure leaves."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from gan_run import (
    GanRunError,
    Measurement,
    Metric,
    Model,
    Run,
    RunOptions,
    SpecError,
    Splits,
    Stopped,
    Sweep,
    TrainingError,
    sweep,
    train,
    train_seeds,
)
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
METRICS = [{"type": "loudness"}]


@pytest.fixture
def swept(registry: Registry, small: Small, tmp_path: Path) -> Callable[..., Sweep]:
    """swept(over, …) sweeps over the small spec, shortened to 2 steps."""

    def run(
        over: Any, stop: Callable[[], bool] = lambda: False, messages: list[str] | None = None, **other: Any
    ) -> Sweep:
        told = [] if messages is None else messages
        options = RunOptions(notify=told.append, registry=registry, stop=stop)
        spec = small(train={"steps": 2}, metrics=METRICS)
        return sweep(spec, over, tmp_path / "runs", jobs=1, options=options, **other)

    return run


def test_every_point_is_trained_once_and_compared(swept: Callable[..., Sweep], tmp_path: Path) -> None:
    found = swept({"losses[1].weight": "0.1,1"})
    assert found.folder == tmp_path / "runs" / "small-sweep"
    assert found.runs == {name: found.folder / name for name in ("weight-0.1", "weight-1")}
    assert (found.failures, found.best) == ({}, ())
    times = [(path / "evaluation.json").stat().st_mtime_ns for path in found.runs.values()]
    messages: list[str] = []
    again = swept({"losses[1].weight": [0.1, 1, 2], "seed": [3]}, messages=messages)
    assert list(again.runs) == ["weight-0.1-seed-3", "weight-1-seed-3", "weight-2-seed-3"]  # the names say what varies
    more = swept({"losses[1].weight": [0.1, 1, 2]}, messages=messages)
    assert list(more.runs) == ["weight-0.1", "weight-1", "weight-2"]
    assert [(path / "evaluation.json").stat().st_mtime_ns for path in list(more.runs.values())[:2]] == times
    assert sum("is finished: nothing to do" in message for message in messages) == 2
    compared = more.compare()
    assert compared.differing == {"losses[1].weight": {"weight-0.1": 0.1, "weight-1": 1.0, "weight-2": 2.0}}
    assert len(compared.rows[0].values) == 3


def test_a_point_that_fails_does_not_end_the_others(swept: Callable[..., Sweep]) -> None:
    losses = [
        [
            {"type": "non-saturating"},
            {"type": "turns-nan", "calls": calls},
            {"type": "mutual-information", "codes": {"c": 1}},
        ]
        for calls in (0, 99)
    ]
    found = swept({"losses": losses})
    assert len(found.runs) == 1
    (error,) = found.failures.values()
    assert isinstance(error, TrainingError)
    assert "not finite" in str(error)


def test_a_point_that_is_no_spec_is_named_before_anything_is_trained(swept: Callable[..., Sweep]) -> None:
    with pytest.raises(SpecError, match=r"with train.batch_size=0, seed=1:(.|\n)*train.batch_size: "):
        swept({"train.batch_size": [8, 0], "seed": [1]})
    with pytest.raises(SpecError, match=r"with data.labelled=false:(.|\n)*no column"):  # shows with the data alone
        swept({"data.labelled": [True, False]}, overrides=['latents.label={"type": "label"}'])
    with pytest.raises(SpecError, match="is an interval, which has no points"):
        swept({"losses[1].weight": "0.1..1"})


def test_a_stopped_sweep_goes_on(swept: Callable[..., Sweep], tmp_path: Path) -> None:
    calls = iter([False, False, True])
    with pytest.raises(Stopped):
        swept({"seed": range(2)}, stop=lambda: next(calls, True))
    folder = tmp_path / "runs" / "small-sweep"
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["seed-0", "seed-1"]
    found = swept({"seed": range(2)})
    assert all(Run(path).is_finished for path in found.runs.values())


def test_two_sweeps_in_one_folder_are_refused(swept: Callable[..., Sweep], tmp_path: Path) -> None:
    with RunFolder(tmp_path / "runs" / "small-sweep").locked(), pytest.raises(GanRunError, match="another process"):
        swept({"seed": [1]})


class Constant(Metric):
    """A metric that no plugin provides."""

    type: Literal["constant"] = "constant"

    def measure(self, model: Model, data: Splits) -> Measurement:
        return {"value": 0.5}


def test_components_of_the_program_are_measured_and_compared(small: Small, registry: Registry, tmp_path: Path) -> None:
    options = RunOptions(notify=lambda text: None, registry=registry, components=[Constant])
    spec = small(train={"steps": 1}, metrics=[{"type": "constant"}])
    over = {"train.batch_size": [4, 6]}
    found = sweep(spec, over, tmp_path, jobs=1, trials=1, maximise="constant:value", options=options)
    assert [row.name for row in found.compare().rows] == ["constant value"]
    assert len(found.best) == 1
    seeds = train_seeds(spec, 2, tmp_path, options=options)
    assert [(row.name, row.mean) for row in seeds.rows] == [("constant value", 0.5)]
    with pytest.raises(GanRunError, match="use jobs=1"):
        sweep(spec, over, tmp_path, jobs=2, options=options)


def test_a_run_is_no_place_for_a_sweep(swept: Callable[..., Sweep], small: Small, tmp_path: Path) -> None:
    train(
        small(name="small-sweep", train={"steps": 1}), tmp_path / "runs", options=RunOptions(notify=lambda text: None)
    )
    with pytest.raises(GanRunError, match="is a run, and the runs of this sweep would go there"):
        swept({"seed": [1]})


def search(swept: Callable[..., Sweep], trials: int, **other: Any) -> Sweep:
    over = {"losses[1].weight": "0.1..1:log", "generator.hidden": [[4], [6, 6]], "seed": range(2)}
    return swept(over, trials=trials, maximise="loudness:mean", **other)


def test_a_search_trains_every_seed_of_a_trial_and_knows_the_best(swept: Callable[..., Sweep]) -> None:
    found = search(swept, 3)
    assert list(found.runs) == [f"trial-{trial:03d}-seed-{seed}" for trial in range(3) for seed in range(2)]
    runs = [Run(path) for path in found.runs.values()]
    weights = [run.fields["losses"][1]["weight"] for run in runs]  # type: ignore[index]  # JSON
    assert weights[::2] == weights[1::2]
    assert len(set(weights)) == 3
    assert all(0.1 <= weight <= 1 for weight in weights)
    means = [
        (runs[index].metrics["loudness mean"] + runs[index + 1].metrics["loudness mean"]) / 2 for index in (0, 2, 4)
    ]
    best = max(range(3), key=lambda trial: means[trial])
    assert [path.name for path in found.best] == [f"trial-{best:03d}-seed-0", f"trial-{best:03d}-seed-1"]


def test_an_interrupted_search_ends_as_one_that_was_not(swept: Callable[..., Sweep], tmp_path: Path) -> None:
    whole = search(swept, 3)
    expected = {name: Run(path).fields for name, path in whole.runs.items()}
    whole.folder.rename(tmp_path / "elsewhere")
    calls = iter([False] * 5)
    with pytest.raises(Stopped):
        search(swept, 3, stop=lambda: next(calls, True))
    journal = tmp_path / "runs" / "small-sweep" / "study.journal"
    journal.write_bytes(journal.read_bytes() + b'{"op_code":')  # a kill while optuna wrote
    resumed = search(swept, 3)
    assert {name: Run(path).fields for name, path in resumed.runs.items()} == expected
    assert [path.name for path in resumed.best] == [path.name for path in whole.best]
    messages: list[str] = []
    assert search(swept, 3, messages=messages).runs == resumed.runs  # nothing is left to do
    assert sum("is finished" in message for message in messages) == 6
    assert len(search(swept, 4).runs) == 8


def test_a_trial_that_fails_is_told_and_the_search_goes_on(swept: Callable[..., Sweep]) -> None:
    losses = [
        'losses=[{"type": "non-saturating"}, {"type": "turns-nan", "calls": 0}]',
        'latents={"z": {"type": "gaussian"}}',
    ]
    found = swept({"losses[1].calls": [0, 99]}, trials=4, maximise="loudness:mean", overrides=losses)
    assert len(found.failures) > 0
    assert len(found.runs) > 0
    assert len(found.runs) + len(found.failures) == 4
    assert found.best[0] in found.runs.values()


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"maximise": "loudnes:mean"}, "did you mean 'loudness'"),
        ({"maximise": "loudness"}, "loudness has several numbers: name one as loudness:NUMBER"),
        ({"minimise": "loudness:mean"}, "of loudness:mean, higher is better: maximise it"),
        ({}, "either maximise or minimise"),
        ({"maximise": "loudness:mean", "minimise": "loudness:mean"}, "either maximise or minimise"),
        ({"maximise": "loudness:mean", "trials": None}, "either maximise or minimise"),
        ({"maximise": "loudness:mean", "over": {"seed": range(3)}}, "needs a field to choose a value of"),
        ({"maximise": "loudness:mean", "over": {"seed": "0..3", "train.batch_size": [4]}}, "seed is not searched"),
    ],
)
def test_a_search_that_cannot_be_made_is_answered(
    swept: Callable[..., Sweep], arguments: dict[str, Any], answer: str
) -> None:
    with pytest.raises(GanRunError, match=answer):
        swept(**{"over": {"losses[1].weight": "0.1..1"}, "trials": 2, **arguments})


def test_a_value_that_gives_no_spec_is_named_before_a_search_begins(
    swept: Callable[..., Sweep], tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match=r"with train\.batch_size=0:"):
        swept({"train.batch_size": "0..8"}, trials=2, maximise="loudness:mean")
    assert not list((tmp_path / "runs").glob("*/trial-*"))


def test_values_that_do_not_go_together_fail_their_trial_alone(swept: Callable[..., Sweep]) -> None:
    over = {"train.batch_size": [8, 9], "train.accumulate": [1, 3, 2]}  # 8 images are not 3 parts, 9 not 2
    with pytest.raises(SpecError, match="8 images are not 3 parts"):  # shows with the first of the other values
        swept(over, trials=4, maximise="loudness:mean")
    over = {"train.batch_size": [8, 9], "train.accumulate": [1, 2]}
    found = swept(over, trials=8, maximise="loudness:mean")
    assert {str(error).splitlines()[1].strip() for error in found.failures.values()} == {
        "train.accumulate: 9 images are not 2 parts of equal size"
    }
    assert len(found.runs) + len(found.failures) == 8


def test_without_optuna_the_extra_is_named(swept: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(GanRunError, match=r"pip install 'gan-run\[sweep\]'"):
        search(swept, 1)
