import json
import math
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gan_run import Callback, RunError, RunOptions, RunStarted, SpecError, StepLogged, Stopped, TrainingError, read_spec
from gan_run import resume as resume_run
from gan_run import train as train_spec
from gan_run.core.base import files
from gan_run.core.run import checkpoint, run_folder
from gan_run.core.run.resolve import resolve_device
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]


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
def bench(tmp_path: Path, registry: Registry) -> Bench:
    return Bench(tmp_path / "runs", registry)


def written_spec(folder: Path) -> Any:
    return json.loads((folder / "spec.json").read_text())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    latest = RunFolder(folder).latest()
    assert latest is not None
    return load_file(latest.folder / "model.safetensors")


def test_a_run_leaves_what_the_design_promises(bench: Bench, small: Small) -> None:
    spec = small(metrics=[{"type": "loudness"}], train={"steps": 5})
    folder = bench.train(spec)
    assert folder == bench.out / "small"
    assert written_spec(folder)["train"]["ema"] == 0.999
    assert "$schema" not in written_spec(folder)
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
    with pytest.raises(Stopped, match="stopped after 3 steps"):
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
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert bench.train(small()) == folder
    assert bench.said == [f"{folder} is finished: nothing to do (--fresh starts it again)"]
    assert bench.steps.taken == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


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
    assert written_spec(first)["seed"] == 3


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


def test_resume_may_raise_the_steps_and_change_what_is_logged_and_kept(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 2}))
    bench.resume(folder, "train.steps=8", "train.log_every=3", "train.checkpoint_every=1", "train.keep=3")
    changed = "train.checkpoint_every, train.log_every, train.keep"
    assert bench.said == [
        f"{folder}: not as when it was last trained, without effect on the weights: {changed}",
        f"resuming {folder} after step 2",
    ]
    assert bench.steps.taken == [3, 6, 8]
    written = written_spec(folder)["train"]
    assert [written[key] for key in ("steps", "log_every", "checkpoint_every", "keep")] == [8, 3, 1, 3]
    assert sorted(path.name[-1] for path in (folder / "checkpoints").iterdir()) == ["5", "6", "7", "8"]
    assert json.loads((folder / "evaluation.json").read_text())["step"] == 8


def test_resume_of_a_finished_run_says_so(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 1}))
    bench.resume(folder)
    assert bench.said == [f"{folder} is finished: nothing to do (--fresh starts it again)"]


@pytest.mark.parametrize(
    "override",
    ["seed=4", "name=other", "train.ema=0.5", "train.precision=bf16", "optimizers.generator.lr=1", "data.images=47"],
)
def test_resume_may_not_change_what_decides_the_weights(bench: Bench, small: Small, override: str) -> None:
    folder = bench.train(small(train={"steps": 1}))
    before = (folder / "spec.json").read_bytes()
    place = override.partition("=")[0].replace(".", r"\.")
    with pytest.raises(RunError, match=rf"{place} cannot change when a run is resumed\. What may change: train\.steps"):
        bench.resume(folder, override, "train.steps=2")
    assert (folder / "spec.json").read_bytes() == before


FREE: dict[str, Any] = {
    "description": "other words",
    "metrics": [{"type": "loudness"}],
    "artifacts": [{"type": "samples", "rows": 1}],
    "train.log_every": 3,
    "train.checkpoint_every": 5,
    "train.keep": 4,
}


@pytest.mark.parametrize("place", FREE)
def test_a_spec_that_gives_the_same_weights_goes_on_with_its_run_and_says_what_differs(
    bench: Bench, small: Small, place: str
) -> None:
    with pytest.raises(Stopped):
        bench.train(small(), stop_at=2)
    folder = bench.train(small(), f"{place}={json.dumps(FREE[place])}")
    assert folder == bench.out / "small"
    assert bench.said == [
        f"{folder}: not as when it was last trained, without effect on the weights: {place}",
        f"resuming {folder} after step 2",
    ]
    assert bench.steps.began_at == [2]
    written = written_spec(folder)
    *holders, field = place.split(".")
    for holder in holders:
        written = written[holder]
    assert written[field] == FREE[place] or (isinstance(written[field], list) and len(written[field]) == 1)


def test_a_new_description_does_not_start_a_finished_run_again(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 2}))
    assert bench.train(small(train={"steps": 2}, description="other words")) == folder
    assert bench.said[-1] == f"{folder} is finished: nothing to do (--fresh starts it again)"
    assert bench.steps.began_at == []


def test_a_metric_that_is_added_to_a_finished_run_is_measured_without_training(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 2}))
    before = weights(folder)
    assert bench.train(small(train={"steps": 2}, metrics=[{"type": "loudness"}])) == folder
    assert bench.steps.taken == []
    (found,) = json.loads((folder / "evaluation.json").read_text())["metrics"]
    assert found["metric"]["type"] == "loudness"
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(folder).items())
    bench.resume(folder, "metrics=[]")
    assert json.loads((folder / "evaluation.json").read_text())["metrics"] == []


def test_a_run_of_an_older_version_whose_spec_lacks_a_defaulted_field_is_the_same_run(
    bench: Bench, small: Small
) -> None:
    folder = bench.train(small(train={"steps": 2}))
    old = written_spec(folder)
    del old["train"]["reuse_fakes"], old["losses"][0]["weight"], old["data"]["labelled"]
    (folder / "spec.json").write_text(json.dumps(old))
    assert bench.train(small(train={"steps": 2})) == folder
    assert bench.said == [f"{folder} is finished: nothing to do (--fresh starts it again)"]
    bench.resume(folder, "train.steps=3")
    assert bench.steps.taken == [3]


def array_data(path: Path) -> dict[str, Any]:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 8, 8), dtype=np.uint8)
    path.parent.mkdir(exist_ok=True)
    np.savez(path, allow_pickle=False, images=pixels)
    return {"type": "array", "path": str(path), "batch_size": 8}


def test_data_that_was_moved_is_the_same_run_by_command_and_by_resume(
    bench: Bench, small: Small, tmp_path: Path
) -> None:
    here, there = tmp_path / "here/x.npz", tmp_path / "there/x.npz"
    with pytest.raises(Stopped):
        bench.train(small(data=array_data(here)), stop_at=2)
    moved = array_data(there)
    here.unlink()
    folder = bench.out / "small"
    with pytest.raises(Stopped):
        bench.resume(folder, f"data.path={there}", stop_at=4)
    assert bench.said[0].endswith("without effect on the weights: data.path")
    assert bench.steps.taken == [3, 4]
    there.rename(here)
    assert bench.train(small(data={**moved, "path": str(here)})) == folder
    assert bench.steps.taken == [5, 6]
    with pytest.raises(RunError, match=r"train\.batch_size cannot change"):
        bench.resume(folder, "train.batch_size=4")


def test_a_run_of_a_device_that_is_not_here_goes_on_where_the_device_is_left_to_auto(
    bench: Bench, small: Small
) -> None:
    folder = bench.train(small(train={"steps": 2}))
    spec = written_spec(folder)
    spec["train"]["device"] = "cuda:7"
    (folder / "spec.json").write_text(json.dumps(spec))
    assert bench.train(small(train={"steps": 2, "device": "auto"})) == folder
    with pytest.raises(SpecError, match=r"train\.device: 'cuda:7' cannot be used here"):
        bench.resume(folder, "train.steps=3")
    bench.resume(folder, "train.steps=3", "train.device=cpu")
    assert bench.steps.taken == [3]
    assert "train.device" in bench.said[0]


def test_resume_that_moves_schedules_says_so(bench: Bench, small: Small) -> None:
    spec = small(train={"steps": 2})
    spec["optimizers"]["generator"]["lr"] = {"type": "cosine", "start": 1e-3, "end": 0}
    folder = bench.train(spec)
    bench.resume(folder, "train.steps=3")
    assert any("schedules that run to the last step follow the new number" in line for line in bench.said)


def test_resume_does_not_go_back(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 3}))
    with pytest.raises(RunError, match=r"3 steps are done: train\.steps cannot be 2"):
        bench.resume(folder, "train.steps=2")


def test_resume_of_a_folder_that_is_none_is_refused(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no run folder"):
        bench.resume(tmp_path)


def test_resume_refuses_data_that_is_not_what_it_was(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 1}))
    noted = json.loads((folder / "data.json").read_text())
    (folder / "data.json").write_text(json.dumps({**noted, "sizes": {"train": 47, "test": 16}}))
    with pytest.raises(RunError, match="the data is not what it was when this run began"):
        bench.resume(folder, "train.steps=2")
    assert bench.steps.began_at == []
    assert written_spec(folder)["train"]["steps"] == 1


def test_resume_on_a_device_that_is_not_there_is_placed(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 1}))
    spec = written_spec(folder)
    spec["train"]["device"] = "meta:nowhere"
    (folder / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(SpecError, match=r"train\.device: 'meta:nowhere' cannot be used here"):
        bench.resume(folder, "train.steps=2")


def test_a_damaged_checkpoint_is_refused_and_the_remedy_works(bench: Bench, small: Small, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        bench.train(small(), stop_at=4)
    damaged = bench.out / "small/checkpoints/step-00000004"
    with (damaged / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x55")
    with pytest.raises(RunError, match=f"move {damaged} away to go back to the checkpoint before it"):
        bench.train(small())
    damaged.rename(tmp_path / "away")
    bench.train(small())
    assert bench.steps.began_at == [2]
    assert bench.steps.taken == [3, 4, 5, 6]


def test_init_from_loads_what_matches_and_lists_the_rest(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    wider = small(name="wider", generator={"type": "mlp", "hidden": [20]}, train={"init_from": str(source)})
    with pytest.raises(Stopped):
        bench.train(wider, stop_at=1)
    (said,) = bench.said
    names = [name.removeprefix("game.") for name in weights(source) if name.startswith("game.stack.generator.")]
    # The last bias alone does not depend on the width.
    left = sorted(name for name in names if not name.endswith("2.bias"))
    loaded_from, _, listed = said.partition("; left as initialised: ")
    assert loaded_from == f"weights from {source}/checkpoints/step-00000003"
    assert sorted(listed.split(", ")) == left


def test_init_from_starts_with_the_same_weights(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    still = small(name="still", seed=9, train={"steps": 1, "init_from": str(source)})
    for player in still["optimizers"].values():
        player["lr"] = 0
    folder = bench.train(still)
    assert bench.said[0].endswith("left as initialised: none")
    theirs, ours = weights(source), weights(folder)
    parameters = [name for name in theirs if name.startswith("game.") and name.endswith((".weight", ".bias"))]
    assert parameters
    for name in parameters:
        assert torch.equal(theirs[name], ours[name]), name
    # The average begins at these weights too.
    prefix = "average.module.generator."
    for name in (name for name in ours if name.startswith(prefix)):
        assert torch.equal(ours[name], ours[name.replace(prefix, "game.stack.generator.")]), name


def test_init_from_is_no_resume_and_a_resume_is_no_init_from(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    spec = small(train={"init_from": str(source)})
    with pytest.raises(Stopped):
        bench.train(spec, stop_at=2)
    assert bench.steps.began_at == [0]
    bench.train(spec)
    assert bench.said == [f"resuming {bench.out / 'small'} after step 2"]


def test_init_from_where_nothing_matches_is_refused(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 1}))
    # A head on one logit has one bias, whatever else there is: take it out.
    latest = RunFolder(source).latest()
    assert latest is not None
    tensors, optimizer = checkpoint.load(latest)
    rest = {name: tensor for name, tensor in tensors.items() if not name.startswith("game.discriminator.head")}
    checkpoint.save(latest.folder.parent, 2, rest, optimizer)
    # Of a batch norm the counter has the same shape in both, and is no weight.
    assert "game.terms.mutual-information.q.layers.1.num_batches_tracked" in rest

    other = small(
        data={"type": "toys", "side": 6},
        latents={"c": {"type": "uniform"}},
        generator={"type": "mlp", "hidden": [5]},
        discriminator={"trunk": {"type": "mlp", "hidden": [4]}, "head": {"type": "linear"}},
        losses=[{"type": "minimax"}, {"type": "mutual-information", "codes": {"c": 1.0}, "hidden": 7}],
        train={"init_from": str(source)},
    )
    with pytest.raises(RunError, match=r"train\.init_from: nothing there matches"):
        bench.train(other)


def test_init_from_a_folder_without_a_checkpoint_is_refused(bench: Bench, small: Small, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"train\.init_from: .* holds no checkpoint"):
        bench.train(small(train={"init_from": str(tmp_path)}))


def test_the_log_is_on_the_disk_before_each_checkpoint(
    bench: Bench, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []
    sync = files.sync

    def record(path: Path) -> None:
        lines = bench.out / "small/metrics.jsonl"
        synced.append((path.name, len(lines.read_text().splitlines()) if lines.exists() else 0))
        sync(path)

    monkeypatch.setattr(run_folder, "sync", record)
    monkeypatch.setattr(checkpoint, "sync", record)
    bench.train(small())
    assert [entry for entry in synced if entry[0] in ("metrics.jsonl", "manifest.json")] == [
        (name, step) for step in (2, 4, 6) for name in ("metrics.jsonl", "manifest.json")
    ]


def test_auto_takes_no_accelerator_that_is_not_tested(
    bench: Bench, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: torch.device("mps"))
    folder = bench.train(small(train={"steps": 1, "device": "auto"}))
    assert written_spec(folder)["train"]["device"] == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.warns(UserWarning, match="train.device: gan-run is not tested on 'meta'"):
        resolve_device(read_spec(small(train={"device": "meta"}), registry=bench.registry))


def test_precision_auto_is_settled_once(bench: Bench, small: Small) -> None:
    spec = small(train={"precision": "auto", "device": "auto", "steps": 4})
    with pytest.raises(Stopped):
        bench.train(spec, stop_at=1)
    folder = bench.out / "small"
    settled = written_spec(folder)["train"]
    assert settled["precision"] in ("fp32", "bf16")
    assert settled["device"] != "auto"
    bench.train(spec)
    assert bench.said == [f"resuming {folder} after step 1"]
    assert written_spec(folder)["train"] == settled
    bench.train(spec)
    assert bench.said[0].startswith(f"{folder} is finished")
    other = "bf16" if settled["precision"] == "fp32" else "fp32"
    assert bench.train(spec, f"train.precision={other}") == bench.out / "small-2"


def test_settling_the_precision_does_not_change_what_is_trained(bench: Bench, small: Small) -> None:
    automatic = bench.train(small(train={"precision": "auto", "steps": 2}))
    chosen = written_spec(automatic)["train"]["precision"]
    fakes = bench.train(small(name="by-hand", train={"precision": chosen, "steps": 2}))
    theirs, ours = weights(automatic), weights(fakes)
    assert all(torch.equal(theirs[name], ours[name]) for name in ours)


@pytest.fixture
def turns_nan(small: Small) -> Callable[..., dict[str, Any]]:
    def make(calls: int, train: dict[str, object], **fields: object) -> dict[str, Any]:
        losses = [{"type": "non-saturating"}, {"type": "turns-nan", "calls": calls}]
        return small(losses=losses, train=train, **fields)

    return make


def test_a_loss_that_turns_nan_stops_the_run_with_step_term_and_last_good_checkpoint(
    bench: Bench, turns_nan: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(TrainingError) as caught:
        bench.train(turns_nan(4, {"steps": 9, "checkpoint_every": 3, "log_every": 8}))
    folder = bench.out / "small"
    good = folder / "checkpoints/step-00000003"
    message = f"step 5: the loss discriminator/turns-nan is not finite; the last good checkpoint is {good}"
    assert str(caught.value) == message
    latest = RunFolder(folder).latest()
    assert latest is not None
    assert latest.step == 3
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights(folder).values())
    # What the term counted is resumed too: it turns NaN at the same step again.
    with pytest.raises(TrainingError, match="step 5: the loss discriminator/turns-nan"):
        bench.train(turns_nan(4, {"steps": 9, "checkpoint_every": 3, "log_every": 8}))
    assert bench.steps.began_at == [3]


def test_a_loss_that_turns_nan_before_any_checkpoint_says_that_there_is_none(
    bench: Bench, turns_nan: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(TrainingError, match=r"step 1: the loss .* is not finite; there is no checkpoint yet"):
        bench.train(turns_nan(0, {"steps": 4}))


def test_a_model_that_is_no_longer_finite_is_not_measured(
    bench: Bench, turns_nan: Callable[..., dict[str, Any]]
) -> None:
    rarely = {"steps": 9, "checkpoint_every": 9, "log_every": 9}
    with pytest.raises(TrainingError, match="step 2: the loss discriminator/turns-nan is not finite"):
        bench.train(turns_nan(1, rarely, metrics=[{"type": "loudness", "every": 4}]))
    assert not (bench.out / "small/metrics.jsonl").exists()


def test_weights_that_are_not_finite_are_not_saved(bench: Bench, small: Small) -> None:
    spec = small()
    spec["optimizers"]["generator"]["lr"] = 1e39  # beyond float32
    with pytest.raises(TrainingError, match="not finite; there is no checkpoint yet"):
        bench.train(spec)
    assert RunFolder(bench.out / "small").latest() is None


def test_a_metric_that_finds_no_number_is_null_and_the_run_is_finished(bench: Bench, small: Small) -> None:
    spec = small(train={"steps": 2}, metrics=[{"type": "loudness", "found": "nan", "every": 1}])
    folder = bench.train(spec)
    (found,) = json.loads((folder / "evaluation.json").read_text())["metrics"]
    assert found["found"] == {"mean": None, "images": 16}
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 1, 2]
    assert lines[1]["metrics"][0]["found"]["mean"] is None


def test_training_leaves_the_callers_random_stream_alone(bench: Bench, small: Small) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    bench.train(small(train={"precision": "auto", "steps": 2}, metrics=[{"type": "loudness"}]))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_callers_random_stream_does_not_change_training(bench: Bench, small: Small) -> None:
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        found.append(weights(bench.train(small(train={"steps": 2}), fresh=True)))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_measuring_on_the_way_does_not_change_training(bench: Bench, small: Small) -> None:
    plain = weights(bench.train(small(name="plain")))
    spec = small(
        name="watched", metrics=[{"type": "loudness", "every": 1}], artifacts=[{"type": "samples", "every": 2}]
    )
    watched = weights(bench.train(spec))
    assert all(torch.equal(plain[name], watched[name]) for name in plain)
    pictures = sorted(path.name for path in (bench.out / "watched/samples").iterdir())
    assert pictures == ["step-00000002.png", "step-00000004.png", "step-00000006.png"]


def test_a_lower_learning_rate_moves_weights_less(bench: Bench, small: Small) -> None:
    """So that equal weights above mean equal training, not none."""
    moved = []
    for rate in (1e-4, 1e-2):
        spec = small(name="rate", train={"steps": 3})
        spec["optimizers"]["generator"]["lr"] = rate
        first = small(name="rate", train={"steps": 1})
        first["optimizers"]["generator"]["lr"] = 0
        begin, end = weights(bench.train(first, fresh=True)), weights(bench.train(spec, fresh=True))
        name = "game.stack.generator.0.weight"
        moved.append(float((begin[name] - end[name]).abs().max()))
    assert 0 < moved[0] < moved[1]
    assert math.isclose(moved[0] * 100, moved[1], rel_tol=0.5)


def test_composition_is_checked_before_a_folder_is_made(bench: Bench, small: Small) -> None:
    spec = small(losses=[{"type": "mutual-information", "codes": {"categry": 1.0}}])
    with pytest.raises(SpecError, match=r"losses\[0\]\.codes\.categry: .*did you mean 'category'"):
        bench.train(spec)
    assert not bench.out.exists()


def test_a_player_nobody_has_is_refused_and_leaves_the_name_free(bench: Bench, small: Small) -> None:
    spec = small()
    spec["optimizers"]["critic"] = {"type": "adam", "lr": 1e-3}
    with pytest.raises(ValueError, match=r"optimizers\.critic: no such player"):
        bench.train(spec)
    assert bench.train(small(train={"steps": 1})) == bench.out / "small"


def test_a_run_folder_loads_though_its_file_was_saved_elsewhere(bench: Bench, small: Small, tmp_path: Path) -> None:
    folder = bench.train(small(train={"steps": 2}))
    moved = folder.rename(tmp_path / "elsewhere")
    bench.resume(moved, "train.steps=3")
    assert bench.steps.taken == [3]
