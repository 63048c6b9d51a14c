"""`gan-run sample`: generated datasets."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from numpy.typing import NDArray
from PIL import Image

from gan_run import Model, RunOptions, load, train
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]


@pytest.fixture
def model(run: Path, registry: Registry) -> Model:
    return load(run, registry=registry)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def images_in(path: Path) -> NDArray[np.uint8]:
    with np.load(path, allow_pickle=False) as file:
        images: NDArray[np.uint8] = file["images"]
    return images


def test_an_image_depends_on_the_seed_and_its_number_alone(here: Here, run: Path, tmp_path: Path) -> None:
    for n in ("3", "70"):
        assert here("sample", run, "--n", n, "--seed", "4", "--out", f"{n}.npz").exit_code == 0
    assert here("sample", run, "--n", "3", "--seed", "5", "--out", "other.npz").exit_code == 0
    few, many, other = (images_in(tmp_path / f"{name}.npz") for name in ("3", "70", "other"))
    assert np.array_equal(few, many[:3])
    assert len(np.unique(many.reshape(70, -1), axis=0)) == 70
    assert not np.array_equal(few, other)


def test_a_folder_has_a_picture_of_each_image_and_a_table_of_their_codes(
    here: Here, run: Path, tmp_path: Path, model: Model
) -> None:
    done = here("sample", run, "--n", "40", "--seed", "2", "--out", "made")
    assert (done.exit_code, done.stdout) == (0, "made\n"), done.output
    assert done.stderr.endswith("model of step 4\n")
    rows = table(tmp_path / "made/labels.csv")
    assert list(rows[0]) == ["file", "seed", "number", "category", "c"]
    assert [row["file"] for row in rows] == list(pictures(tmp_path / "made")) == [f"{n:05}.png" for n in range(40)]
    assert {(row["seed"], row["number"]) for row in rows} == {("2", str(number)) for number in range(40)}
    expected = ((model.sample(40, seed=2) + 1) * 127.5).round().clamp(0, 255)
    for row, image in zip(rows, expected, strict=True):
        with Image.open(tmp_path / "made" / row["file"]) as picture:
            assert np.array_equal(np.asarray(picture), image[0].numpy())


def test_the_table_draws_the_same_pictures_again(here: Here, run: Path, tmp_path: Path) -> None:
    assert here("sample", run, "--n", "40", "--seed", "2", "--code", "c=0.1", "--out", "made").exit_code == 0
    labels = tmp_path / "made/labels.csv"
    assert here("sample", run, "--codes", labels, "--out", "again").exit_code == 0
    assert pictures(tmp_path / "again") == pictures(tmp_path / "made")
    assert (tmp_path / "again/labels.csv").read_bytes() == labels.read_bytes()

    # Some of the rows in another order, one of them twice, give those pictures.
    lines = labels.read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join([lines[0], lines[36], lines[3], lines[3], lines[4]]) + "\n")
    assert here("sample", run, "--codes", "some.csv", "--out", "some").exit_code == 0
    made, some = pictures(tmp_path / "made"), pictures(tmp_path / "some")
    assert list(some.values()) == [made[f"{number:05}.png"] for number in (35, 2, 2, 3)]

    # A picture keeps the name of its file, if no other has it.
    (tmp_path / "one.csv").write_text("\n".join([lines[0], lines[36]]) + "\n")
    assert here("sample", run, "--codes", "one.csv", "--out", "one").exit_code == 0
    assert pictures(tmp_path / "one") == {"00035.png": made["00035.png"]}


def test_names_of_categories_are_in_the_table_and_are_read_from_it(here: Here, run: Path, tmp_path: Path) -> None:
    labels = run / "labels.json"
    try:
        # Names that are numbers of other categories.
        assert here("label", run, "category#0=2", "category#1=0", "category#2=cat").exit_code == 0
        assert here("sample", run, "--n", "6", "--balance", "category", "--out", "made").exit_code == 0
        rows = table(tmp_path / "made/labels.csv")
        assert [(row["category"], row["category.name"]) for row in rows] == [("0", "2"), ("1", "0"), ("2", "cat")] * 2
        assert here("sample", run, "--codes", tmp_path / "made/labels.csv", "--out", "again").exit_code == 0
        assert pictures(tmp_path / "again") == pictures(tmp_path / "made")
        (tmp_path / "names.csv").write_text("category\ncat\n\n")
        assert here("sample", run, "--codes", "names.csv", "--out", "one.npz").exit_code == 0
    finally:
        labels.unlink()
    with np.load(tmp_path / "one.npz") as one:
        assert one["latents.category"].tolist() == [2]


def test_categories_are_balanced(here: Here, run: Path, tmp_path: Path) -> None:
    assert here("sample", run, "--per-class", "5", "--out", "made").exit_code == 0
    assert [row["category"] for row in table(tmp_path / "made/labels.csv")] == ["0", "1", "2"] * 5
    # The codes and the noise of a sample do not depend on how categories are chosen.
    assert here("sample", run, "--n", "15", "--out", "drawn.npz").exit_code == 0
    assert here("sample", run, "--n", "15", "--balance", "category", "--out", "balanced.npz").exit_code == 0
    with np.load(tmp_path / "drawn.npz") as drawn, np.load(tmp_path / "balanced.npz") as balanced:
        for name in ("latents.z", "latents.c"):
            assert np.array_equal(drawn[name], balanced[name])
        assert balanced["latents.category"].tolist() == [0, 1, 2] * 5


def test_an_array_file_has_all_latents_which_generate_its_images(
    here: Here, run: Path, tmp_path: Path, model: Model
) -> None:
    assert here("sample", run, "--n", "33", "--seed", "7", "--out", "x.npz").exit_code == 0
    with np.load(tmp_path / "x.npz", allow_pickle=False) as file:
        arrays = dict(file)
    assert set(arrays) == {"images", "seed", "number", "latents.z", "latents.category", "latents.c"}
    assert arrays["images"].dtype == np.uint8
    values = {name: torch.from_numpy(arrays[f"latents.{name}"]) for name in ("z", "category", "c")}
    images = ((model.generate(values) + 1) * 127.5).round().clamp(0, 255).numpy()
    assert np.abs(arrays["images"].astype(int) - images).max() <= 1
    assert not list(tmp_path.glob(".*"))


def test_a_picture_has_the_format_of_its_name(here: Here, run: Path, tmp_path: Path) -> None:
    for name, form in (("a.jpg", "JPEG"), ("b.webp", "WEBP"), ("c.png", "PNG")):
        assert here("sample", run, "--n", "4", "--out", name).exit_code == 0
        with Image.open(tmp_path / name) as picture:
            assert picture.format == form
    for name in ("x.doc", "x.npy"):
        done = here("sample", run, "--n", "4", "--out", name)
        assert done.exit_code == 2
        assert f"{name}: images are written as an array file (.npz), a picture (.png, " in done.output


def test_a_grid_of_two_codes(here: Here, run: Path, tmp_path: Path, model: Model) -> None:
    done = here("sample", run, "--grid", "category", "c", "--steps", "4", "--out", "grid.png")
    assert (done.exit_code, done.stdout) == (0, "grid.png\n"), done.output
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.height == 2 + 3 * 58 + 48  # three rows of cells of 8 pixels, magnified 7 times
    done = here("sample", run, "--grid", "category", "c", "--n", "4")
    assert done.exit_code == 2
    assert "--grid and --n cannot be used together" in done.output


def test_a_value_that_training_never_drew_is_drawn_with_a_note(here: Here, run: Path) -> None:
    done = here("sample", run, "--n", "1", "--code", "c=50")
    assert done.exit_code == 0
    assert "note: c=50: training drew values from -1.00 to 1.00" in done.stderr
    assert "note:" not in here("sample", run, "--n", "1", "--code", "c=1", "--code", "category=0").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--code", "category=1", "--code", "category=2"), "--code category=2: category is given twice"),
        (("--balance", "c"), "'c' is none of the categorical codes: category"),
        (("--per-class", "3", "--n", "4"), "--per-class and --n cannot be used together"),
        (("--codes", "codes.csv", "--n", "4"), "--codes and --n cannot be used together"),
        (("--codes", "unknown.csv"), "no latent is called 'd'"),
        (("--codes", "wrong.csv"), "wrong.csv, row 3: c=high: a number is needed"),
        (("--codes", "short.csv"), "short.csv, row 2: it has not as many cells as the header"),
        (("--codes", "seed.csv"), "seed.csv, row 2: seed and number have to be whole numbers"),
        (("--codes", "empty.csv"), "empty.csv has no row"),
        (("--out", "full"), "full is not empty: name a new folder"),
        (("--code", "c=nan"), "c=nan: it has to be a finite number"),
        (("--code", "c=1e39"), "c=1e+39: it has to be a finite number"),
        (("--codes", "infinite.csv"), "infinite.csv, row 2: c=inf: it has to be a finite number"),
        (("--codes", "nan.npz"), "nan.npz: latents.c: there are values that are no finite numbers"),
        (("--n", "1000000000"), "a picture of 1000000000 images of 8x8, 1 channel(s) would have"),
        (("--n", "1000000000000", "--out", "much.npz"), "much.npz would take 64,000,000,000,000 bytes"),
        (("--n", "1000000000000", "--out", "much"), "much would take 4,096,000,000,000,000 bytes"),
        (("--per-class", "1000000000"), "a picture of 3000000000 images"),
        (("--grid", "c", "category", "--steps", "1000000"), "a picture of 3000000 images"),
    ],
)
def test_what_cannot_be_drawn_is_answered(
    here: Here, run: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "codes.csv").write_text("c\n0.5\n")
    (tmp_path / "unknown.csv").write_text("d\n0.5\n")
    (tmp_path / "wrong.csv").write_text("c\n0.5\nhigh\n")
    (tmp_path / "short.csv").write_text("c,category\n0.5\n")
    (tmp_path / "seed.csv").write_text("c,seed\n0.5,a\n")
    (tmp_path / "empty.csv").write_text("c\n")
    (tmp_path / "infinite.csv").write_text("c\ninf\n")
    np.savez(tmp_path / "nan.npz", **{"latents.c": np.array([0, np.nan])})
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    done = here("sample", run, *arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_without_the_moving_average_the_weights_of_the_step_draw(
    here: Here, registry: Registry, small: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    options = RunOptions(notify=lambda text: None, registry=registry)
    averaged, plain = (
        train(small(name=name, train={"ema": ema, "steps": 4}), tmp_path, options=options)
        for name, ema in (("averaged", 0.9), ("plain", None))
    )
    for name, *arguments in (
        ("raw", averaged, "--no-ema"),
        ("ema", averaged),
        ("plain", plain),
        ("plain-raw", plain, "--no-ema"),
    ):
        assert here("sample", *arguments, "--n", "4", "--out", f"{name}.npz").exit_code == 0
    raw, ema, of_plain, plain_raw = (images_in(tmp_path / f"{n}.npz") for n in ("raw", "ema", "plain", "plain-raw"))
    assert np.array_equal(raw, of_plain)  # the average has no effect on training
    assert np.array_equal(plain_raw, of_plain)
    assert not np.array_equal(raw, ema)
    assert here("traverse", averaged, "--no-ema", "--out", "strips", "--code", "c").exit_code == 0
    assert here("traverse", plain, "--out", "strips-of-plain", "--code", "c").exit_code == 0
    (strip,), (of_plain_strip,) = (list((tmp_path / name).rglob("*.png")) for name in ("strips", "strips-of-plain"))
    assert strip.read_bytes() == of_plain_strip.read_bytes()
