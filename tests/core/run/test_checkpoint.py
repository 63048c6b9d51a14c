import errno
import hashlib
import json
import math
import os
import random
import shutil
import stat
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_run import RunError
from gan_run.core.base.sealed_json import SEAL, sealed
from gan_run.core.run import checkpoint
from gan_run.core.run.checkpoint import (
    Checkpoint,
    RunState,
    complete,
    first_not_finite,
    forget_after,
    load,
    load_scalars,
    load_state,
    prune,
    publish,
    refuse_published,
    save,
    weights_hash,
)

MODEL = {"game.weight": torch.arange(6.0).view(2, 3), "game.counter": torch.tensor(7)}
OPTIMIZER = {"generator/weight/step": torch.tensor(3.0), "generator/weight/exp_avg": torch.ones(2, 3)}
FILES = ("model.safetensors", "optimizer.safetensors", "manifest.json")


@pytest.fixture
def saved(tmp_path: Path) -> Checkpoint:
    return save(tmp_path, 12, MODEL, OPTIMIZER)


def assert_equal(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_what_is_saved_is_loaded(tmp_path: Path, saved: Checkpoint) -> None:
    assert saved == Checkpoint(12, tmp_path / "step-00000012")
    assert complete(tmp_path) == [saved]
    model, optimizer = load(saved)
    assert_equal(model, MODEL)
    assert_equal(optimizer, OPTIMIZER)


def test_what_no_line_shows_yet_and_the_past_are_saved_too(tmp_path: Path, saved: Checkpoint) -> None:
    state = RunState(rollbacks=2, evaluated=False, lines=7)
    other = save(tmp_path, 13, MODEL, OPTIMIZER, {"loss": 0.5, "lost": math.nan}, state)
    assert load_scalars(other) == {"loss": 0.5, "lost": None}
    assert load_state(other) == state
    assert (load_scalars(saved), load_state(saved)) == ({}, RunState())
    manifest = saved.folder / "manifest.json"
    content = json.loads(manifest.read_text())
    assert "state" not in content
    of_an_earlier_version = {key: value for key, value in content.items() if key not in ("scalars", SEAL)}
    manifest.write_text(json.dumps(of_an_earlier_version))
    assert load_scalars(saved) == {}


def test_the_hash_of_the_weights_is_that_of_their_file(saved: Checkpoint) -> None:
    expected = hashlib.sha256((saved.folder / "model.safetensors").read_bytes()).hexdigest()
    assert weights_hash(saved) == expected


def test_a_published_checkpoint_has_the_weights_alone(tmp_path: Path) -> None:
    state = RunState(rollbacks=2)
    saved = save(tmp_path / "run", 12, MODEL, OPTIMIZER, {"loss": 0.5}, state)
    published = publish(saved, tmp_path / "model" / "checkpoints")
    assert published == Checkpoint(12, tmp_path / "model/checkpoints/step-00000012")
    assert {path.name for path in published.folder.iterdir()} == {"model.safetensors", "manifest.json"}
    assert weights_hash(published) == weights_hash(saved)
    assert (load_scalars(published), load_state(published)) == ({}, RunState())
    refuse_published(saved)
    with pytest.raises(RunError) as caught:
        refuse_published(published)
    assert str(caught.value) == (
        f"{published.folder} is a published model without training state: it can be sampled, encoded with and "
        "evaluated, but not trained on. A new run starts from its weights with train.init_from"
    )
    with pytest.raises(FileExistsError):
        publish(saved, tmp_path / "model" / "checkpoints")


def test_checkpoints_after_a_step_are_forgotten(tmp_path: Path) -> None:
    for step in (2, 4, 6):
        save(tmp_path, step, MODEL, OPTIMIZER)
    forget_after(tmp_path, 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000002", "step-00000004"]


def test_a_manifest_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left") as caught:
        save(tmp_path, 3, MODEL, OPTIMIZER)
    assert caught.value.filename == str(tmp_path / ".step-00000003.tmp/manifest.json")


def test_it_is_safetensors_and_json_alone(saved: Checkpoint) -> None:
    assert {path.name for path in saved.folder.iterdir()} == set(FILES)
    assert json.loads((saved.folder / "manifest.json").read_text())["step"] == 12


def test_others_may_read_it_as_far_as_the_umask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        saved = save(tmp_path, 1, MODEL, OPTIMIZER)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in saved.folder.iterdir()} == {0o640}


@pytest.mark.parametrize("name", FILES)
def test_each_file_damaged_by_one_byte_is_refused_with_place_and_remedy(saved: Checkpoint, name: str) -> None:
    path = saved.folder / name
    whole = path.read_bytes()
    places = {0, len(whole) - 1, *random.Random(0).sample(range(len(whole)), 40)}
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(RunError) as caught:
            load(saved)
        assert str(path) in str(caught.value)
        assert f"move {saved.folder} away to go back to the checkpoint before it" in str(caught.value)
    path.write_bytes(whole)
    load(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_refused(saved: Checkpoint, name: str) -> None:
    path = saved.folder / name
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(RunError, match=name):
        load(saved)


@pytest.mark.parametrize("name", FILES[:2])
def test_a_missing_file_is_refused(saved: Checkpoint, name: str) -> None:
    (saved.folder / name).unlink()
    with pytest.raises(RunError, match=f"{name} is missing"):
        load(saved)


def test_a_manifest_that_was_edited_is_refused(saved: Checkpoint) -> None:
    path = saved.folder / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "step": 13}))
    with pytest.raises(RunError, match=r"manifest\.json is damaged \(it is not what was written"):
        load(saved)


def test_a_manifest_without_its_digest_is_refused(saved: Checkpoint) -> None:
    path = saved.folder / "manifest.json"
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != SEAL}))
    with pytest.raises(RunError, match=r"manifest\.json is damaged \(it has no digest\): move"):
        load(saved)


def test_a_manifest_of_other_files_is_refused(saved: Checkpoint) -> None:
    path = saved.folder / "manifest.json"
    content = json.loads(path.read_text())
    content.pop(SEAL)
    path.write_text(json.dumps(sealed({**content, "files": {"optimizer.safetensors": "x"}})))
    with pytest.raises(RunError, match=r"manifest\.json names other files than a checkpoint has: move"):
        load(saved)


@pytest.mark.parametrize("content", ["[]", "3", "{}", "null", '{"sha256": "x", "files": {}}'])
def test_a_manifest_of_other_json_is_refused(saved: Checkpoint, content: str) -> None:
    (saved.folder / "manifest.json").write_text(content)
    with pytest.raises(RunError, match=r"manifest\.json"):
        load(saved)


def test_another_format_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "FORMAT", 2)
    newer = save(tmp_path, 3, MODEL, OPTIMIZER)
    monkeypatch.undo()
    with pytest.raises(RunError, match="has format 2; this version reads 1"):
        load(newer)


def test_a_checkpoint_under_another_steps_name_is_refused(tmp_path: Path, saved: Checkpoint) -> None:
    saved.folder.rename(tmp_path / "step-00000099")
    (renamed,) = complete(tmp_path)
    with pytest.raises(RunError, match="was written after step 12"):
        load(renamed)


def test_without_its_manifest_it_is_damaged(tmp_path: Path, saved: Checkpoint) -> None:
    (saved.folder / "manifest.json").unlink()
    assert complete(tmp_path) == [saved]
    with pytest.raises(RunError, match=r"manifest\.json is damaged"):
        load(saved)


def test_only_folders_named_after_a_step_are_checkpoints(tmp_path: Path, saved: Checkpoint) -> None:
    for name in ("step-12", "step-best", "step-00000012.bak", "copy-of-step-00000012"):
        shutil.copytree(saved.folder, tmp_path / name)
    assert complete(tmp_path) == [saved]


def test_checkpoints_are_found_in_order_of_their_steps(tmp_path: Path) -> None:
    for step in (30, 4, 123456789, 200):
        save(tmp_path, step, MODEL, OPTIMIZER)
    assert [found.step for found in complete(tmp_path)] == [4, 30, 200, 123456789]


def test_there_is_none_where_there_is_no_folder(tmp_path: Path) -> None:
    assert complete(tmp_path / "absent") == []


def test_pruning_keeps_the_last_and_those_at_given_steps(tmp_path: Path) -> None:
    for step in (2, 4, 6, 8, 10):
        save(tmp_path, step, MODEL, OPTIMIZER)
    prune(tmp_path, keep=2, besides=[4])
    assert [found.step for found in complete(tmp_path)] == [4, 8, 10]
    prune(tmp_path, keep=1, besides=[99])
    assert [found.step for found in complete(tmp_path)] == [10]
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000010"]


def test_pruning_removes_what_a_kill_left_half_written(tmp_path: Path, saved: Checkpoint) -> None:
    shutil.copytree(saved.folder, tmp_path / ".step-00000014.tmp")
    assert complete(tmp_path) == [saved]
    prune(tmp_path, keep=3, besides=[99])
    assert [path.name for path in tmp_path.iterdir()] == [saved.folder.name]


def test_a_pruning_that_was_killed_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in (2, 4, 6):
        save(tmp_path, step, MODEL, OPTIMIZER)

    def killed(path: Path) -> None:
        next(iter(Path(path).iterdir())).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        prune(tmp_path, keep=1, besides=[99])
    monkeypatch.undo()
    assert [found.step for found in complete(tmp_path)] == [6]
    load(complete(tmp_path)[0])
    prune(tmp_path, keep=1, besides=[99])
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000006"]


@pytest.mark.parametrize("stopped_at", range(5))
def test_a_save_that_is_stopped_leaves_the_checkpoint_before_it(
    tmp_path: Path, saved: Checkpoint, monkeypatch: pytest.MonkeyPatch, stopped_at: int
) -> None:
    calls = 0
    sync = checkpoint.sync

    def stopping(path: Path) -> None:
        nonlocal calls
        if calls == stopped_at:
            raise KeyboardInterrupt
        calls += 1
        sync(path)

    monkeypatch.setattr(checkpoint, "sync", stopping)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 13, {"game.weight": torch.zeros(1)}, {})
    monkeypatch.undo()
    # The last call is about the folder of all: by then the new one is whole and has its name.
    assert [found.step for found in complete(tmp_path)] == ([12, 13] if stopped_at == 4 else [12])
    for found in complete(tmp_path):
        load(found)
    again = save(tmp_path, 13, MODEL, OPTIMIZER)
    assert_equal(load(again)[0], MODEL)


def test_the_first_tensor_that_is_not_finite_is_named() -> None:
    assert first_not_finite(MODEL) is None
    assert first_not_finite({**MODEL, "bad": torch.tensor([1.0, torch.nan])}) == "bad"
    assert first_not_finite({**MODEL, "worse": torch.tensor(-torch.inf)}) == "worse"
