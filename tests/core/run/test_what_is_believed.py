"""Nothing of a run is used that was edited, damaged or replaced, without a word."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_run import ImageSet, RunError, load
from gan_run.core.images.fingerprint import fingerprint
from gan_run.core.kinds.spec import dump
from gan_run.core.run.records import record
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
Bench = Any


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content, indent=4))


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec.update(seed=8),
        lambda spec: spec["optimizers"]["generator"].update(lr=0.5),
        lambda spec: spec["train"].update(batch_size=4),
        lambda spec: spec["train"].update(ema=0.5),
        lambda spec: spec["latents"].pop("c"),
        lambda spec: spec["losses"][1].update(hidden=7),
        lambda spec: spec["data"].update(images=20),
    ],
)
def test_a_spec_that_was_edited_is_refused_by_all_that_use_the_run(
    bench: Bench, small: Small, registry: Registry, change: Callable[[dict[str, Any]], object]
) -> None:
    folder = bench.train(small(train={"steps": 2}))
    edit(folder / "spec.json", change)
    message = r"spec\.json is not what was written there: a run's spec decides its weights\. Put it back; a copy"
    for use in (
        lambda: load(folder, registry=registry),
        lambda: bench.resume(folder, "train.steps=4"),
        lambda: bench.train(small(train={"steps": 2})),
    ):
        with pytest.raises(RunError, match=message):
            use()


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec.update(description="other", metrics=[], name="renamed"),
        lambda spec: spec["train"].update(device="cuda", log_every=3, keep=9, steps=3),
        lambda spec: spec.pop("callbacks"),
    ],
)
def test_what_does_not_decide_the_weights_may_be_edited(
    bench: Bench, small: Small, registry: Registry, change: Callable[[dict[str, Any]], object]
) -> None:
    folder = bench.train(small(train={"steps": 2}))
    edit(folder / "spec.json", change)
    load(folder, registry=registry)
    bench.resume(folder, "train.steps=4", "train.device=cpu")
    load(folder, registry=registry)


def test_where_the_data_lies_may_be_edited(bench: Bench, small: Small, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "a.npy", pixels)
    folder = bench.train(small(data={"type": "array", "path": str(tmp_path / "a.npy")}, train={"steps": 2}))
    (tmp_path / "a.npy").rename(tmp_path / "b.npy")
    edit(folder / "spec.json", lambda spec: spec["data"].update(path=str(tmp_path / "b.npy")))
    bench.resume(folder, "train.steps=4")


def test_a_spec_is_known_by_every_version_that_writes_more_fields(small: Small, registry: Registry) -> None:
    """The digest is of what the file has, and not of what a later version makes of it."""
    from gan_run import read_spec
    from gan_run.core.run.records import knows_data, knows_spec

    spec = read_spec(small(), registry=registry)
    made = record(spec, {"image": [1, 8, 8]})
    assert knows_spec([made], {**dump(spec), "name": "other", "metrics": [{"type": "gone"}]})
    assert not knows_spec([made], {**dump(spec), "seed": 99})
    assert knows_spec([made, {**made, "spec": "0"}], dump(spec))
    assert knows_data([made], {"image": [1, 8, 8]})
    assert not knows_data([made], {"image": [3, 8, 8]})
    assert knows_spec([], {})
    assert knows_data([], {})


def test_a_damaged_data_json_is_refused(bench: Bench, small: Small, registry: Registry) -> None:
    folder = bench.train(small(train={"steps": 2}))
    edit(folder / "data.json", lambda data: data["columns"]["label"].update(names=["odd", "even"]))
    with pytest.raises(RunError, match=r"data\.json is not what was written there: put it back"):
        load(folder, registry=registry)
    with pytest.raises(RunError, match=r"data\.json is not what was written there: put it back"):
        bench.resume(folder, "train.steps=4")


def test_the_manifest_of_the_last_checkpoint_is_missed(bench: Bench, small: Small, registry: Registry) -> None:
    folder = bench.train(small(train={"steps": 4, "checkpoint_every": 2}))
    (folder / "checkpoints/step-00000004/manifest.json").unlink()
    message = (
        r"step-00000004/manifest\.json is damaged .* move .*step-00000004 away to go back to the checkpoint before"
    )
    with pytest.raises(RunError, match=message):
        load(folder, registry=registry)
    with pytest.raises(RunError, match=message):
        bench.resume(folder, "train.steps=6")
    shutil.move(folder / "checkpoints/step-00000004", folder.parent / "away")
    with pytest.warns(UserWarning, match="the checkpoint of step 4, its last, is missing: that of step 2 is taken"):
        load(folder, registry=registry)
    bench.resume(folder, "train.steps=6")
    assert bench.steps.taken == [3, 4, 5, 6]


def test_a_finished_run_without_its_last_checkpoint_is_not_finished(bench: Bench, small: Small) -> None:
    spec = small(train={"steps": 4, "checkpoint_every": 2})
    folder = bench.train(spec)
    shutil.rmtree(folder / "checkpoints/step-00000004")
    message = "was finished after step 4, and its checkpoint of that step is missing: put it back, or .* by --fresh"
    with pytest.raises(RunError, match=message):
        bench.train(spec)
    shutil.rmtree(folder / "checkpoints")
    with pytest.raises(RunError, match=message):
        bench.train(spec)


def test_a_run_that_begins_again_for_want_of_a_checkpoint_says_so(bench: Bench, small: Small) -> None:
    folder = bench.train(small(train={"steps": 4, "checkpoint_every": 2}))
    shutil.rmtree(folder / "checkpoints")
    bench.resume(folder, "train.steps=5")
    assert bench.said[-1] == f"{folder} has no checkpoint: training begins again at step 0"


def pictures(folder: Path, colour: str | None = None) -> None:
    folder.mkdir(exist_ok=True)
    draw = np.random.default_rng(0)
    for number in range(48):
        pixels = draw.integers(0, 256, (8, 8), dtype=np.uint8)
        (Image.fromarray(pixels) if colour is None else Image.new("L", (8, 8), colour)).save(folder / f"{number}.png")


def test_as_many_other_pictures_are_refused_and_the_same_ones_elsewhere_are_not(
    bench: Bench, small: Small, tmp_path: Path
) -> None:
    pictures(tmp_path / "a")
    data = {"type": "image-folder", "size": 8, "channels": 1, "cache": str(tmp_path / "cache")}
    spec = small(data={**data, "root": str(tmp_path / "a")}, train={"steps": 2})
    folder = bench.train(spec)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    bench.resume(folder, "train.steps=4", f"data.root={tmp_path / 'b'}")
    pictures(tmp_path / "a", "red")
    message = "the data is not what it was when this run began: as many training images, but others"
    with pytest.raises(RunError, match=message):
        bench.resume(folder, "train.steps=6", f"data.root={tmp_path / 'a'}")
    with pytest.raises(RunError, match=message):
        bench.train({**spec, "train": {**spec["train"], "steps": 4}, "metrics": [{"type": "loudness"}]})


def images(count: int = 30, **columns: torch.Tensor) -> ImageSet:
    pixels = torch.arange(count * 16, dtype=torch.int64).remainder(251).to(torch.uint8).view(count, 1, 4, 4)
    return ImageSet(pixels, {"label": torch.arange(count) % 3, **columns})


def test_a_fingerprint_tells_pixels_and_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    one = fingerprint(images())
    assert fingerprint(images()) == one
    other = images()
    other.images[29, 0, 3, 3] += 1
    found = fingerprint(other)
    assert found["images"] != one["images"]
    assert found["columns"] == one["columns"]
    posed = fingerprint(images(pose=torch.arange(30) * 0.5))
    assert posed["images"] == one["images"]
    assert posed["columns"] != one["columns"]
    assert fingerprint(ImageSet(images().images.view(torch.uint8)))["columns"] != one["columns"]


def test_of_a_large_set_a_sample_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_run.core.images.fingerprint.BUDGET", 10 * 16)
    one = fingerprint(images())
    for row, same in ((0, False), (1, True), (27, False), (29, True)):
        other = images()
        other.images[row] += 1
        assert (fingerprint(other) == one) is same
