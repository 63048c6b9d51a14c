import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_run import Callback, NotFoundByName, RunError, RunOptions, Spec, StepLogged, load, read_spec, resume, train
from gan_run.registry.plugins import Registry
from made_runs import without_digests

Small = Callable[..., dict[str, Any]]


def quiet(registry: Registry | None = None) -> RunOptions:
    return RunOptions(notify=lambda text: None, registry=registry)


@pytest.fixture(scope="module")
def run(registry: Registry, small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    content = small(train={"steps": 4})
    content["latents"]["c"]["count"] = 2
    return train(content, tmp_path_factory.mktemp("runs"), options=quiet(registry))


def test_what_is_installed_is_found_without_being_named(registry: Registry, small: Small, tmp_path: Path) -> None:
    folder = train(small(train={"steps": 1}), tmp_path, options=quiet())
    assert folder == tmp_path / "small"
    assert load(folder).sample(2).shape == (2, 1, 8, 8)


def test_a_spec_may_be_a_file_a_mapping_or_a_spec(
    registry: Registry, small: Small, write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_spec(train={"steps": 1})
    spec = read_spec(small(train={"steps": 1}), registry=registry)
    assert isinstance(spec, Spec)
    assert read_spec(path, registry=registry) == read_spec(str(path), registry=registry) == spec
    folders = {
        train(each, tmp_path, options=quiet(registry))
        for each in (path, str(path), spec, dict(small(train={"steps": 1})))
    }
    assert folders == {tmp_path / "small"}


def test_a_spec_in_hand_takes_overrides(registry: Registry, small: Small) -> None:
    spec = read_spec(small(), registry=registry)
    changed = read_spec(spec, ["train.steps=99", "losses[1].codes.c=2"], registry)
    assert changed.train.steps == 99
    assert changed.losses[1].model_dump()["codes"] == {"category": 1.0, "c": 2.0}
    assert spec.train.steps == 6
    assert read_spec(spec, registry=registry) is spec


def test_training_is_followed_and_stopped_by_the_caller(registry: Registry, small: Small, tmp_path: Path) -> None:
    class Losses(Callback):
        def __init__(self) -> None:
            self.seen: list[float] = []

        def step_logged(self, event: StepLogged) -> None:
            assert event.images_per_second == pytest.approx(event.steps_per_second * 8)
            self.seen.append(event.scalars["generator/non-saturating"])

    losses = Losses()
    said: list[str] = []
    options = RunOptions(callbacks=[losses], notify=said.append, registry=registry)
    folder = train(small(), tmp_path, options=options)
    assert len(losses.seen) == 6
    assert said == []
    assert resume(folder, overrides=["train.steps=8"], options=options) == folder
    assert len(losses.seen) == 8
    assert said == [f"resuming {folder} after step 6"]


def test_a_loaded_model_draws_images_with_codes_held(run: Path, registry: Registry) -> None:
    model = load(run, registry=registry)
    images = model.sample(5, seed=1, codes={"c[1]": 0.25}, category=2)
    assert images.shape == (5, 1, 8, 8)
    assert images.dtype == torch.float32
    assert float(images.abs().max()) <= 1
    assert torch.equal(images, model.sample(5, seed=1, codes={"c[1]": 0.25, "category": 2}))
    assert not torch.equal(images, model.sample(5, seed=1, codes={"c[1]": 0.25, "category": 1}))
    assert not torch.equal(images, model.sample(5, seed=2, codes={"c[1]": 0.25, "category": 2}))


def test_a_loaded_model_reads_codes_off_images(run: Path, registry: Registry) -> None:
    model = load(run, registry=registry)
    codes = model.encode(model.sample(7, seed=0))
    assert codes.keys() == {"category", "c"} == set(model.codes)
    assert codes["category"].shape == (7,)
    assert codes["category"].dtype == torch.int64
    assert set(codes["category"].tolist()) <= {0, 1, 2}
    assert codes["c"].shape == (7, 2)


def test_a_loaded_model_is_the_same_each_time_and_leaves_the_random_stream_alone(run: Path, registry: Registry) -> None:
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    one, two = (load(run, registry=registry).sample(4, seed=9) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_model_is_loaded_as_it_was_at_a_step(run: Path, registry: Registry) -> None:
    early, late = (load(run, registry=registry, checkpoint=step).sample(4, seed=9) for step in (2, 4))
    assert not torch.equal(early, late)
    assert torch.equal(late, load(run, registry=registry).sample(4, seed=9))
    with pytest.raises(RunError, match="no checkpoint at step 3: there are 2, 4"):
        load(run, registry=registry, checkpoint=3)


def test_a_model_needs_no_data(run: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("the data was looked at")

    source = registry.catalogue.find("data", "toys")
    monkeypatch.setattr(source, "describe", refuse)
    monkeypatch.setattr(source, "load", refuse)
    assert load(run, registry=registry).sample(1).shape == (1, 1, 8, 8)


def test_what_cannot_be_asked_of_a_model_is_refused(run: Path, registry: Registry, tmp_path: Path) -> None:
    model = load(run, registry=registry)
    with pytest.raises(NotFoundByName, match="did you mean 'category'"):
        model.sample(1, categry=1)
    with pytest.raises(ValueError, match="category=3: 3 is not a category: they are 0 to 2"):
        model.sample(1, category=3)
    with pytest.raises(ValueError, match="0 images cannot be drawn"):
        model.sample(0)
    with pytest.raises(ValueError, match=r"images: float \(N, 1, 8, 8\)"):
        model.encode(torch.zeros(2, 1, 9, 9))
    with pytest.raises(RunError, match="is no run folder"):
        load(tmp_path, registry=registry)


def test_a_run_without_a_checkpoint_is_not_loaded(run: Path, registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_bytes((run / "spec.json").read_bytes())
    with pytest.raises(RunError, match="has no checkpoint yet"):
        load(tmp_path, registry=registry)


def test_a_star_import_gives_the_api() -> None:
    names: dict[str, object] = {}
    exec("from gan_run import *", names)  # only so can it be tried within a function
    api = importlib.import_module("gan_run.api")
    assert names.keys() - {"__builtins__"} == set(api.__all__)
    assert names["train"] is train


def test_a_run_of_an_earlier_version_is_loaded_without_a_warning(run: Path, registry: Registry, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    shutil.copytree(run, earlier)
    content = json.loads((earlier / "spec.json").read_text(encoding="utf-8"))
    content["data"]["batch_size"] = content["train"].pop("batch_size")
    (earlier / "spec.json").write_text(json.dumps(content), encoding="utf-8")
    without_digests(earlier)
    values = load(run, registry=registry).sample_latents(3)
    assert torch.equal(load(earlier, registry=registry).generate(values), load(run, registry=registry).generate(values))
