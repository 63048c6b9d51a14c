import json
from collections.abc import Callable
from typing import Any

import pytest
import torch

from gan_run import RunError, Stopped
from gan_run.core.run.run_folder import RunFolder

Small = Callable[..., dict[str, Any]]


Bench = Any


def test_a_run_leaves_what_the_design_promises(bench: Bench, small: Small) -> None:
    spec = small(metrics=[{"type": "loudness"}], train={"steps": 5})
    folder = bench.train(spec)
    assert folder == bench.out / "small"
    assert bench.written_spec(folder)["train"]["ema"] == 0.999
    assert "$schema" not in bench.written_spec(folder)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5]
    assert {"discriminator/non-saturating", "generator/mutual-information/c", "time"} <= lines[0].keys()
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == [
        "step-00000002",
        "step-00000004",
        "step-00000005",
    ]
    (found,) = json.loads((folder / "evaluation.json").read_text())["metrics"]
    assert found["metric"] == {"type": "loudness", "every": None, "found": "mean"}
    assert -1 <= found["found"]["mean"] <= 1
    assert found["found"]["images"] == 16


def test_the_same_spec_goes_on_with_an_unfinished_run(bench: Bench, small: Small) -> None:
    with pytest.raises(Stopped, match="stopped after step 3"):
        bench.train(small(), stop_at=3)
    folder = bench.train(small())
    assert bench.said == [f"resuming {folder} after step 3"]
    assert bench.steps.taken == [4, 5, 6]
    assert [path.name for path in bench.out.iterdir()] == ["small"]


def test_each_stretch_of_training_says_what_it_ran_on(bench: Bench, small: Small) -> None:
    with pytest.raises(Stopped):
        bench.train(small(), stop_at=3)
    folder = bench.train(small())
    stretches = json.loads((folder / "environment.json").read_text())["stretches"]
    assert [stretch["from_step"] for stretch in stretches] == [0, 3]
    for stretch in stretches:
        assert (stretch["torch"], stretch["threads"]) == (torch.__version__, torch.get_num_threads())
        assert stretch["device"] == "cpu"
        assert stretch["processor"]


def test_the_same_spec_says_so_of_a_finished_run(bench: Bench, small: Small) -> None:
    folder = bench.train(small())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != ".lock"}
    assert bench.train(small()) == folder
    assert bench.said == [f"{folder} is finished: nothing to do (--fresh starts it again)"]
    assert bench.steps.taken == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != ".lock"} == before


def test_a_run_that_was_stopped_before_its_evaluation_is_only_evaluated(bench: Bench, small: Small) -> None:
    spec = small(metrics=[{"type": "loudness"}])
    folder = bench.train(spec)
    evaluation = (folder / "evaluation.json").read_bytes()
    (folder / "evaluation.json").unlink()
    bench.train(spec)
    assert bench.steps.taken == []
    assert (folder / "evaluation.json").read_bytes() == evaluation


def test_another_spec_of_the_same_name_goes_to_a_folder_of_its_own_and_says_so(bench: Bench, small: Small) -> None:
    first = bench.train(small(train={"steps": 1}))
    second = bench.train(small(train={"steps": 1}, seed=4))
    assert second == bench.out / "small-2"
    assert bench.said == [f"{first} holds a run of another spec: this one goes to {second}"]
    assert bench.train(small(train={"steps": 1}, seed=5)) == bench.out / "small-3"
    assert bench.train(small(train={"steps": 1}, seed=4)) == second
    assert bench.said[-1].startswith(f"{second} is finished")
    assert bench.written_spec(first)["seed"] == 3


def test_a_start_that_failed_before_its_first_step_does_not_take_the_name(bench: Bench, small: Small) -> None:
    absent = small(train={"steps": 1, "init_from": str(bench.out / "absent")})
    with pytest.raises(RunError, match="holds no checkpoint"):
        bench.train(absent)
    assert bench.train(small(train={"steps": 1})) == bench.out / "small"
    assert bench.said == []


def test_fresh_moves_the_old_run_aside_and_deletes_nothing(bench: Bench, small: Small) -> None:
    spec = small(train={"steps": 2})
    folder = bench.train(spec)
    old = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert bench.train(spec, fresh=True) == folder
    moved = bench.out / "small.old-1"
    assert bench.said == [f"moved the old run to {moved}"]
    assert {path.relative_to(moved): path.read_bytes() for path in moved.rglob("*") if path.is_file()} == old
    assert bench.steps.taken == [1, 2]
    bench.train(spec, fresh=True)
    assert sorted(path.name for path in bench.out.iterdir()) == ["small", "small.old-1", "small.old-2"]


def test_fresh_where_there_is_no_run_just_trains(bench: Bench, small: Small) -> None:
    bench.train(small(train={"steps": 1}), fresh=True)
    assert bench.said == []


def test_fresh_moves_no_folder_in_which_no_run_began(bench: Bench, small: Small) -> None:
    (bench.out / "small").mkdir(parents=True)
    (bench.out / "small/.lock").touch()
    bench.train(small(train={"steps": 1}), fresh=True)
    assert [path.name for path in bench.out.iterdir()] == ["small"]


def test_fresh_does_not_move_a_run_that_is_being_trained(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 1}))
    with RunFolder(folder).locked(), pytest.raises(RunError, match="another process is training in this folder"):
        bench.train(small(train={"steps": 1}), fresh=True)
    assert [path.name for path in bench.out.iterdir()] == ["small"]


def test_a_run_that_is_being_trained_is_not_trained_twice(bench: Bench, small: Small) -> None:
    with pytest.raises(Stopped):
        bench.train(small(), stop_at=2)
    with RunFolder(bench.out / "small").locked(), pytest.raises(RunError, match="another process is training"):
        bench.train(small())
