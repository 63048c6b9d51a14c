"""`gan-run invert`: latents that reproduce images."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image

from gan_run import load
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]


@pytest.fixture
def made(here: Here, run: Path, tmp_path: Path) -> Path:
    """Six generated images."""
    assert here("sample", run, "--n", "6", "--seed", "9", "--out", "made.npz").exit_code == 0
    return tmp_path / "made.npz"


def images_in(path: Path) -> "np.ndarray":
    with np.load(path, allow_pickle=False) as file:
        return file["images"].astype(int)


def test_the_table_draws_what_looks_like_the_images(
    here: Here, run: Path, tmp_path: Path, made: Path, registry: Registry
) -> None:
    done = here("invert", run, made, "--steps", "80")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("inverted.npz\nerror ")
    with np.load(tmp_path / "inverted.npz", allow_pickle=False) as file:
        found = dict(file)
    assert found.keys() == {
        "file",
        "error.rmse",
        "error.start",
        "error.blind",
        *(f"latents.{n}" for n in ("z", "category", "c")),
    }
    assert found["latents.z"].shape == (6, 4)
    assert found["latents.category"].dtype == np.int64
    assert (np.abs(found["latents.c"]) <= 1).all()
    assert (found["error.rmse"] <= found["error.start"] + 1e-3).all()
    assert found["error.rmse"].mean() < found["error.blind"].mean() / 2

    assert here("sample", run, "--codes", "inverted.npz", "--out", "again.npz").exit_code == 0
    again, images = images_in(tmp_path / "again.npz"), images_in(made)
    rmse = np.sqrt(((again - images) ** 2).reshape(6, -1).mean(1))
    np.testing.assert_allclose(rmse, found["error.rmse"], atol=0.5)

    model = load(run, registry=registry)
    values = {name: torch.from_numpy(found[f"latents.{name}"]) for name in ("z", "category", "c")}
    drawn = ((model.generate(values) + 1) * 127.5).round().clamp(0, 255).numpy()
    assert np.abs(again - drawn).max() <= 1


def test_a_csv_has_every_number_and_draws_the_same(here: Here, run: Path, tmp_path: Path, made: Path) -> None:
    for out in ("x.npz", "x.csv"):
        assert here("invert", run, made, "--first", "2", "--steps", "5", "--out", out).exit_code == 0
        assert here("sample", run, "--codes", out, "--out", f"{out}.npz").exit_code == 0
    with (tmp_path / "x.csv").open(newline="") as file:
        first, _ = csv.DictReader(file)
    numbers = ["z[0]", "z[1]", "z[2]", "z[3]", "category", "c"]
    assert list(first) == ["file", "error.rmse", "error.start", "error.blind", *numbers]
    assert np.array_equal(images_in(tmp_path / "x.npz.npz"), images_in(tmp_path / "x.csv.npz"))
    # The same seed finds the same; another one does not.
    for seed, out in ((0, "again.npz"), (1, "other.npz")):
        arguments = ("--first", "2", "--steps", "5", "--seed", seed, "--out", out)
        assert here("invert", run, made, *map(str, arguments)).exit_code == 0
    x, again, other = (np.load(tmp_path / name)["latents.z"] for name in ("x.npz", "again.npz", "other.npz"))
    assert np.array_equal(x, again)
    assert not np.array_equal(x, other)


def test_pictures_show_the_images_beside_what_was_found(here: Here, run: Path, tmp_path: Path, made: Path) -> None:
    folder = tmp_path / "pictures/more"
    folder.mkdir(parents=True)
    for number, image in enumerate(images_in(made)[:3]):
        Image.fromarray(image[0].astype(np.uint8)).save(folder / f"{number}.png")
    done = here("invert", run, "pictures", "--steps", "2", "--grid", "out/grid.png", "--strips", "strips")
    assert done.exit_code == 0, done.output
    strips = [f"strips/more/{number}.png" for number in range(3)]
    assert done.stdout.splitlines()[:-1] == ["out/grid.png", *strips]
    assert not (tmp_path / "inverted.npz").exists()
    with Image.open(tmp_path / "out/grid.png") as grid:
        assert (
            grid.height == 2 + 2 * 58 + 48
        )  # a row of images and one of reconstructions, of 8 pixels magnified 7 times
    with Image.open(tmp_path / strips[0]) as strip:
        assert strip.height == 2 + 2 * 58 + 48  # category and c
        first = np.asarray(strip.convert("L"))
    pixels = images_in(made)[0, 0]
    assert any(
        np.array_equal(first[top : top + 56 : 7, left : left + 56 : 7], pixels)
        for top in range(20)
        for left in range(250)
    )


def test_runs_without_codes_begin_at_random_latents(
    here: Here, write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    latents = {"z": {"type": "gaussian", "count": 4}, "class": {"type": "label"}}
    spec = write_spec(name="plain", latents=latents, losses=[{"type": "non-saturating"}], train={"steps": 1})
    assert here(spec).exit_code == 0
    run = tmp_path / "runs/plain"
    assert here("sample", run, "--n", "4", "--out", "made.npz").exit_code == 0
    done = here("invert", run, "made.npz", "--steps", "50")
    assert done.exit_code == 0, done.output
    with np.load(tmp_path / "inverted.npz") as found:
        assert (found["error.start"] >= found["error.blind"] - 1e-3).all()
        assert found["error.rmse"].mean() < found["error.blind"].mean() / 2
    done = here("invert", run, "made.npz", "--steps", "0", "--strips", "strips")
    assert done.exit_code == 0, done.output
    assert "this run has no code" not in done.output  # the label is turned


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("invert", "nothing"), "nothing is neither a file, nor a folder, nor a split of the data"),
        (("invert", "test", "--out", "x.npy"), "x.npy: a table is written as .csv, .npz or .parquet"),
        (("invert", "made.npz", "--array", "image"), "has no array 'image'; did you mean 'images'?"),
        (("sample", "--codes", "short.npz"), "short.npz: latents.z: numbers (N, 4) are needed, not float64 (2, 3)"),
        (("sample", "--codes", "unknown.npz"), "no latent is called 'y'"),
        (("sample", "--codes", "wrong.npz"), "wrong.npz: latents.category: 3 is not a category: they are 0 to 2"),
        (("sample", "--codes", "uneven.npz"), "uneven.npz has no columns of equal length"),
        (("sample", "--codes", "nothing.npz"), "nothing.npz has no columns of equal length"),
        (("sample", "--codes", "text.npz"), "text.npz cannot be read"),
    ],
)
def test_what_cannot_be_done_is_answered(
    here: Here, run: Path, tmp_path: Path, made: Path, arguments: tuple[str, ...], message: str
) -> None:
    np.savez(tmp_path / "short.npz", **{"latents.z": np.zeros((2, 3))})
    np.savez(tmp_path / "unknown.npz", **{"latents.y": np.zeros(2)})
    np.savez(tmp_path / "wrong.npz", **{"latents.category": np.array([0, 3])})
    np.savez(tmp_path / "uneven.npz", **{"latents.c": np.zeros(2), "category": np.zeros(3)})
    np.savez(tmp_path / "nothing.npz", other=np.zeros((2, 2)))
    (tmp_path / "text.npz").write_text("no archive")
    command, *rest = arguments
    done = here(command, run, *rest)
    assert done.exit_code == 2
    assert message in done.output
