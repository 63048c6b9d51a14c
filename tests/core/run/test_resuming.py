import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_run import DataError, RunError, SpecError, Stopped
from made_runs import without_digests

Small = Callable[..., dict[str, Any]]


Bench = Any


def test_resume_may_raise_the_steps_and_change_what_is_logged_and_kept(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 2}))
    bench.resume(folder, "train.steps=8", "train.log_every=3", "train.checkpoint_every=1", "train.keep=3")
    changed = "train.checkpoint_every, train.log_every, train.keep"
    assert bench.said == [
        f"{folder}: not as when it was last trained, without effect on the weights: {changed}",
        f"resuming {folder} after step 2",
    ]
    assert bench.steps.taken == [3, 6, 8]
    written = bench.written_spec(folder)["train"]
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
    written = bench.written_spec(folder)
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
    before = bench.weights(folder)
    assert bench.train(small(train={"steps": 2}, metrics=[{"type": "loudness"}])) == folder
    assert bench.steps.taken == []
    (found,) = json.loads((folder / "evaluation.json").read_text())["metrics"]
    assert found["metric"]["type"] == "loudness"
    assert all(torch.equal(before[name], tensor) for name, tensor in bench.weights(folder).items())
    bench.resume(folder, "metrics=[]")
    assert json.loads((folder / "evaluation.json").read_text())["metrics"] == []


def test_a_run_of_an_older_version_whose_spec_lacks_a_defaulted_field_is_the_same_run(
    bench: Bench, small: Small
) -> None:
    folder = bench.train(small(train={"steps": 2}))
    old = bench.written_spec(folder)
    del old["train"]["reuse_fakes"], old["losses"][0]["weight"], old["data"]["labelled"]
    (folder / "spec.json").write_text(json.dumps(old))
    without_digests(folder)
    assert bench.train(small(train={"steps": 2})) == folder
    assert bench.said == [f"{folder} is finished: nothing to do (--fresh starts it again)"]
    bench.resume(folder, "train.steps=3")
    assert bench.steps.taken == [3]


def array_data(path: Path) -> dict[str, Any]:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 8, 8), dtype=np.uint8)
    path.parent.mkdir(exist_ok=True)
    np.savez(path, allow_pickle=False, images=pixels)
    return {"type": "array", "path": str(path)}


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
    spec = bench.written_spec(folder)
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
    without_digests(folder)
    message = "the data is not what it was when this run began: images of the train split: 48, and before 47"
    with pytest.raises(RunError, match=message):
        bench.resume(folder, "train.steps=2")
    assert bench.steps.began_at == []
    assert bench.written_spec(folder)["train"]["steps"] == 1


def test_resume_on_a_device_that_is_not_there_is_placed(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 1}))
    spec = bench.written_spec(folder)
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


def test_a_spec_with_more_steps_goes_on_with_the_run(bench: Bench, small: Small) -> None:
    expected = bench.weights(bench.train(small(name="whole", train={"steps": 5})))
    folder = bench.train(small(train={"steps": 3}))
    assert bench.train(small(train={"steps": 5})) == folder
    assert bench.said[0] == f"resuming {folder} after step 3"
    found = bench.weights(folder)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_where_a_schedule_follows_the_number_of_steps_the_command_that_goes_on_is_given(
    bench: Bench, small: Small
) -> None:
    optimizers = small()["optimizers"]
    optimizers["generator"]["lr"] = {"type": "cosine", "start": 1e-3, "end": 1e-5}
    folder = bench.train(small(optimizers=optimizers, train={"steps": 3}))
    other = bench.train(small(optimizers=optimizers, train={"steps": 5}))
    assert other.name == "small-2"
    said, command = bench.said[0].split("\n")
    assert said.endswith("They differ in train.steps alone; to go on with that run:")
    assert command == f"  gan-run train --resume {folder} --set train.steps=5"


def test_a_folder_on_another_disk_may_be_linked(bench: Bench, small: Small, tmp_path: Path) -> None:
    expected = bench.weights(bench.train(small(name="whole", train={"steps": 5})))
    with pytest.raises(Stopped):
        bench.train(small(train={"steps": 5}), stop_at=3)
    (tmp_path / "disk").mkdir()
    folder = bench.out / "small"
    folder.rename(tmp_path / "disk/moved")
    folder.symlink_to(tmp_path / "disk/moved")
    found = bench.weights(bench.train(small(train={"steps": 5})))
    assert bench.said[0] == f"resuming {folder} after step 3"
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_where_the_data_has_moved_the_command_that_goes_on_is_given(bench: Bench, small: Small, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    data = {"type": "array", "path": str(tmp_path / "images.npz")}
    with pytest.raises(Stopped):
        bench.train(small(data=data, train={"steps": 5}), stop_at=3)
    folder = bench.out / "small"
    (tmp_path / "images.npz").rename(tmp_path / "moved.npz")
    with pytest.raises(DataError, match="Where it is at another place now") as error:
        bench.resume(folder)
    assert str(error.value).splitlines()[1] == f"  gan-run train --resume {folder} --set data.path=PLACE"
    bench.resume(folder, f"data.path={tmp_path / 'moved.npz'}")
    assert (folder / "evaluation.json").exists()


def test_where_the_device_is_not_here_the_command_that_goes_on_is_given(bench: Bench, small: Small) -> None:
    with pytest.raises(Stopped):
        bench.train(small(train={"steps": 5}), stop_at=3)
    folder = bench.out / "small"
    spec = bench.written_spec(folder)
    spec["train"]["device"] = "cuda:77"
    (folder / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(SpecError, match=r"train\.device: 'cuda:77' cannot be used here") as error:
        bench.resume(folder)
    assert str(error.value).splitlines()[-1] == f"  gan-run train --resume {folder} --set train.device=auto"
    bench.resume(folder, "train.device=auto")
    assert (folder / "evaluation.json").exists()


def test_what_cannot_change_is_answered_with_the_command_that_begins_a_new_run(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 1}))
    with pytest.raises(RunError, match="A new run begins with its weights") as error:
        bench.resume(folder, "train.batch_size=4")
    command = f"  gan-run train --from {folder} {folder}/spec.json --set train.batch_size=4"
    assert str(error.value).splitlines()[1] == command
