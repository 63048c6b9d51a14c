"""Inputs that were once trained on, drawn from or refused in a wrong way: one test each, by the command line."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image

import gan_run as api
from gan_run import split_by_name

Here = Callable[..., Result]
Try = Callable[..., Result]
Forked = Callable[..., subprocess.CompletedProcess[str]]

SPEC: dict[str, Any] = {
    "name": "t",
    "data": {"type": "image-folder", "root": "pictures", "size": 16},
    "latents": {"z": {"type": "gaussian", "count": 4}},
    "generator": {"type": "mlp", "hidden": [16]},
    "discriminator": {"trunk": {"type": "mlp", "hidden": [16]}, "head": {"type": "linear"}},
    "losses": [{"type": "non-saturating"}],
    "optimizers": {"generator": {"type": "adam", "lr": 2e-3}, "discriminator": {"type": "adam", "lr": 2e-3}},
    "train": {"steps": 4, "log_every": 2, "checkpoint_every": 2},
}
CONDITIONAL: dict[str, Any] = {
    "latents": {"z": {"type": "gaussian", "count": 2}, "y": {"type": "label"}},
    "losses": [{"type": "non-saturating"}, {"type": "acgan", "label": "y"}],
}
CODES: dict[str, Any] = {"latents": {"z": {"type": "gaussian", "count": 4}, "c": {"type": "uniform"}}}


def write(**fields: object) -> str:
    """The spec with other fields, as a file."""
    Path("t.json").write_text(json.dumps({**SPEC, **fields}), encoding="utf-8")
    return "t.json"


def pictures(folder: str = "pictures", count: int = 12, seed: int = 0) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed)
    for number in range(count):
        Image.fromarray(noise.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(f"{folder}/{number:03}.png")


def array(images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any] | None = None) -> dict[str, Any]:
    """A data source of images in an array file."""
    if labels is None:
        np.savez("a.npz", images=images)
        return {"type": "array", "path": "a.npz"}
    np.savez("a.npz", images=images, labels=labels)
    return {"type": "array", "path": "a.npz", "labels": "labels"}


def noise(count: int, side: int = 16) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def done(here: Here) -> Try:
    """done("sample", …) has exit code 0."""

    def run(*arguments: str | Path) -> Result:
        result = here(*arguments)
        assert result.exit_code == 0, result.output
        return result

    return run


@pytest.fixture
def refused(here: Here) -> Callable[..., str]:
    """refused("sample", …) is the message of what has exit code 2."""

    def run(*arguments: str | Path) -> str:
        result = here(*arguments)
        assert result.exit_code == 2, result.output
        return result.stderr

    return run


Refused = Callable[..., str]


def test_a_category_is_chosen_by_the_name_of_its_class(done: Try, refused: Refused) -> None:
    for name, gray in (("1", 10), ("2", 128), ("10", 245)):
        Path("pictures", name).mkdir(parents=True)
        for number in range(20):
            Image.new("L", (8, 8), gray).save(f"pictures/{name}/{number}.png")
    data = {"type": "image-folder", "root": "pictures", "size": 8, "channels": 1, "labels": "folders"}
    trunk = {"type": "mlp", "hidden": [64]}
    projection = {"trunk": trunk, "head": {"type": "projection", "on": "y"}}
    train = {"steps": 400, "log_every": 400, "ema": 0.9}
    changes = {"losses": [{"type": "hinge"}], "generator": {"type": "mlp", "hidden": [32]}}
    done(write(data=data, latents=CONDITIONAL["latents"], discriminator=projection, train=train, **changes))
    for name, gray in (("1", 10), ("2", 128), ("10", 245)):
        done("sample", "runs/t", "--code", f"y={name}", "--n", "64", "--out", "o.npz")
        assert np.load("o.npz")["images"].mean() == pytest.approx(gray, abs=40)
    assert "no category is called 'cat' (there is: 1, 10, 2)" in refused("sample", "runs/t", "--code", "y=cat")
    # The classifier of an untrained run guesses: the names are those of the data all the same.
    losses = [{"type": "hinge"}, {"type": "acgan", "label": "y"}]
    done(write(name="a", data=data, latents=CONDITIONAL["latents"], losses=losses, train={"steps": 1}))
    for run in ("runs/t", "runs/a"):
        named = json.loads(done("label", run, "y", "--from-data").stdout)
        assert named["codes"]["y"]["values"] == {"0": "1", "1": "10", "2": "2"}


def test_images_of_zeros_and_ones_are_not_trained_on_as_black(refused: Refused, done: Try) -> None:
    images = np.zeros((50, 16, 16), np.uint8)
    images[:, 4:12, 4:12] = 1
    data = array(images)
    assert "the pixels of the training images are 0 to 1" in refused(write(data=data))
    done(write(data={**data, "range": [0, 1]}))
    assert api.read_spec("t.json").data.open("train").batch(torch.arange(8)).images.unique().tolist() == [-1, 1]
    Path("pictures").mkdir()
    for number, image in enumerate(images[:12]):
        Image.fromarray(image).save(f"pictures/{number}.png")
    assert "one shade to the networks: scale them to 255" in refused(write(data={**SPEC["data"], "channels": 1}))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(40) % 4 + 1, "no training image is of 1 classes: 0"),
        (np.array([0, 5, 30])[np.arange(40) % 3], "no training image is of 28 classes"),
        (np.arange(80) % 2 * 50 + 10, "no training image is of 59 classes"),
    ],
)
def test_classes_without_training_images_are_named_and_not_drawn(
    forked: Forked, done: Try, refused: Refused, labels: np.ndarray[Any, Any], message: str
) -> None:
    spec = write(data=array(noise(len(labels), 8), labels), **CONDITIONAL)
    assert message in forked("check", spec).stderr
    done(spec)
    absent = str(next(number for number in range(99) if number not in labels))
    assert "no training image is of this class" in refused("sample", "runs/t", "--code", f"y={absent}")


def test_a_class_of_test_images_alone_is_not_drawn(done: Try, refused: Refused) -> None:
    for name in ("a", "b"):
        pictures(f"pictures/{name}", 20)
    number = next(number for number in range(999) if split_by_name([f"rare/{number}.png"], "test", 0.1))
    Path("pictures/rare").mkdir()
    Image.new("RGB", (16, 16)).save(f"pictures/rare/{number}.png")
    done(write(data={**SPEC["data"], "labels": "folders"}, **CONDITIONAL))
    assert "no training image is of this class" in refused("sample", "runs/t", "--code", "y=2")


def test_data_that_has_moved_is_found_at_its_new_place(done: Try, refused: Refused) -> None:
    pictures(count=30)
    spec = write(**CODES, losses=[{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"c": 1}}])
    done(spec)
    Path("pictures").rename("elsewhere")
    on = ("train", "--resume", "runs/t", "--set", "train.steps=6")
    assert "--set data.root=PLACE" in refused(*on)
    assert "is missing" in refused("encode", "runs/t", "test")
    moved = ("--set", "data.root=elsewhere")
    done("encode", "runs/t", "test", *moved)
    done("invert", "runs/t", "test", "--steps", "1", *moved)
    done("export", "runs/t", "--html", "page.html", *moved)
    assert "data.size cannot change" in refused("encode", "runs/t", "test", "--set", "data.size=8")
    done(*on, *moved)
    assert "nothing to do" in done(spec, *moved, "--set", "train.steps=6").stdout
    file = Path("runs/t/spec.json")
    recorded = json.loads(file.read_text())
    recorded["train"]["device"] = "cuda:7"
    file.write_text(json.dumps(recorded))
    done("sample", "runs/t", "--n", "1", "--out", "o.png")
    assert "--set train.device=auto" in refused("train", "--resume", "runs/t", "--set", "train.steps=8")
    done("train", "--resume", "runs/t", "--set", "train.steps=8", "--set", "train.device=cpu")


def test_pictures_that_cannot_be_opened_are_skipped_and_named(forked: Forked) -> None:
    pictures()
    spec = write(data={**SPEC["data"], "on_error": "skip", "test_fraction": 0})
    Path("pictures/link.png").symlink_to("/nowhere/at/all.png")
    assert "skipped 1 of 13 files" in forked(spec).stderr
    Path("pictures/link.png").unlink()
    with open(b"pictures/a\xff.png", "wb") as file:  # noqa: PTH123  # a name that is no text
        file.write(b"no picture")
    assert "skipped 1 of 13 files" in forked(spec, "--fresh").stderr


def test_files_that_are_no_pictures_are_counted(forked: Forked) -> None:
    pictures()
    for number in range(7):
        shutil.copy("pictures/000.png", f"pictures/{number}.tga")
    assert "7 files were left out: 0.tga; 1.tga" in forked(write()).stderr


def test_roots(done: Try, refused: Refused) -> None:
    pictures("2020")
    pictures("deep/down/holiday", 30)
    spec = write(artifacts=[{"type": "samples", "rows": 2, "columns": 2, "every": 1}])
    assert "an empty text is no file and no folder" in refused("check", spec, "--set", "data.root=")
    assert "no such user" in refused("check", spec, "--set", "data.root=~no-such-user/x")
    done("check", spec, "--set", "data.root=2020", "--set", "name=123")
    # The project's folder: the pictures that runs draw are no training images.
    done(spec, "--set", "data.root=.")
    done("train", "--resume", "runs/t", "--set", "train.steps=6")
    assert "images         39 of" in done("check", spec, "--set", "data.root=.").stdout


def test_an_image_of_a_seed_does_not_depend_on_how_many_are_drawn(done: Try, refused: Refused) -> None:
    done(write(data=array(noise(40)), **CODES))
    model = api.load("runs/t")
    assert torch.equal(model.sample(64, seed=0)[:4], model.sample(4, seed=0))
    for value in ("nan", "inf", "1e400"):
        assert "it has to be a finite number" in refused("sample", "runs/t", "--code", f"c={value}")
    assert "has to be a finite number" in refused("traverse", "runs/t", "--code", "c", "--low", "nan")
    done("sample", "runs/t", "--n", "1", "--out", "o.jpg")
    with Image.open("o.jpg") as picture:
        assert picture.format == "JPEG"
    assert "images are written as an array file" in refused("sample", "runs/t", "--n", "1", "--out", "o.npy")


def test_losses_that_cannot_be_meant(here: Here, refused: Refused) -> None:
    pictures()
    information = {"type": "mutual-information", "codes": {"c": 1}}
    negative = write(**CODES, losses=[{"type": "non-saturating"}, {**information, "weight": -1}])
    assert "losses[1].weight: -1: a weight cannot be negative" in refused("check", negative)
    alone = here("check", write(**CODES, losses=[information]))
    assert "no loss compares generated images with real ones" in alone.stderr
    rates = {player: {"type": "adam", "lr": 1e30} for player in ("generator", "discriminator")}
    huge = write(losses=[{"type": "non-saturating", "weight": 1e38}], optimizers=rates)
    assert "is nan: try a smaller learning rate" in refused("check", huge)


def test_sizes_and_splits_are_answered_with_what_there_is(forked: Forked, done: Try, refused: Refused) -> None:
    images = np.zeros((20, 300, 300), np.uint8)
    for side in (300, 320):
        done("check", write(data=array(images[:, :side, :side]), generator={"type": "dcgan", "width": 0.02}))
    for name, count in (("one", 1), ("three", 3)):
        Path(name).mkdir()
        for number in range(count):
            Image.new("RGB", (16, 16)).save(f"{name}/a{number:03}.png")
    assert "0 trains on all" in refused("check", write(data={**SPEC["data"], "root": "one"}))
    uneven = forked("check", write(data={**SPEC["data"], "root": "three"}))
    assert "2 of 3 images are test images, more than a share of 0.1" in uneven.stderr


def test_what_a_run_has_not_got_is_said(done: Try, refused: Refused) -> None:
    data = array(noise(40))
    spec = write(data=data)
    done(spec)
    assert "has no codes: --code names a latent" in refused("traverse", "runs/t")
    assert "has no metrics" in refused("evaluate", "runs/t")
    done("check", spec, "--set", "optimizers.generator.betas[0]=0")
    done(write(data=data, train={**SPEC["train"], "steps": 8}))
    assert sorted(path.name for path in Path("runs").iterdir()) == ["t"]  # the raised number of steps goes on
    Path("runs/t/checkpoints/step-00000008/optimizer.safetensors").unlink()
    done("sample", "runs/t", "--n", "1", "--out", "o.png")
    checkpoint = "train.init_from=runs/t/checkpoints/step-00000002"
    assert "did you mean" in refused(write(data=data, name="u"), "--set", checkpoint)
    Path("runs/v").mkdir()
    Path("runs/v/notes.txt").write_text("mine")
    assert "runs/v is in the way: it holds no run" in refused(write(data=data, name="v"))


def test_a_run_does_not_go_on_with_as_many_other_pictures(done: Try, refused: Refused) -> None:
    pictures(count=30)
    done(write())
    pictures(count=30, seed=1)
    assert "as many training images, but others" in refused("train", "--resume", "runs/t", "--set", "train.steps=6")
