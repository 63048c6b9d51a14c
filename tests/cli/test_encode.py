"""`gan-run encode`: the codes of images, in tables, sorted folders and contact sheets."""

import csv
import warnings
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image

from gan_run import Model, load, to_float
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]


@pytest.fixture
def model(run: Path, registry: Registry) -> Model:
    return load(run, registry=registry)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve pictures of noise, gray, of the size of the run's images; four of them in a subfolder."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
    for number, one in enumerate(pixels):
        Image.fromarray(one).save(folder / ("more" if number > 7 else ".") / f"{number:02}.png")
    return folder


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def pixels_of(folder: Path, name: str) -> torch.Tensor:
    with Image.open(folder / name) as picture:
        return torch.from_numpy(np.array(picture)).view(1, 1, 8, 8)


def test_a_table_has_the_codes_that_q_reads_and_their_uncertainty(
    here: Here, run: Path, tmp_path: Path, pictures: Path, model: Model
) -> None:
    done = here("encode", run, pictures)
    assert (done.exit_code, done.stdout) == (0, "codes.csv\n"), done.output
    table = list(rows(tmp_path / "codes.csv"))
    assert list(table[0]) == ["file", "category", "category.p0", "category.p1", "category.p2", "c", "c.rmse"]
    assert [row["file"] for row in table] == [
        *(f"{n:02}.png" for n in range(8)),
        *(f"more/{n:02}.png" for n in range(8, 12)),
    ]
    for row in table:
        codes = model.encode(to_float(pixels_of(pictures, row["file"])))
        assert int(row["category"]) == codes["category"].item()
        assert float(row["c"]) == pytest.approx(codes["c"].item(), abs=1e-5)
        found = [float(row[f"category.p{k}"]) for k in range(3)]
        assert found == pytest.approx(codes.probabilities["category"][0].tolist(), abs=1e-5)


def test_the_error_of_a_q_that_predicts_none_is_measured_on_generated_images(
    here: Here, run: Path, tmp_path: Path, pictures: Path, model: Model
) -> None:
    here("encode", run, pictures)
    (error,) = {float(row["c.rmse"]) for row in rows(tmp_path / "codes.csv")}
    torch.manual_seed(0)
    values = model.sample_latents(4000)
    apart = model.encode(model.generate(values))["c"] - values["c"]
    assert error == pytest.approx(apart.square().mean().sqrt().item(), rel=0.1)


def test_every_source_and_every_form_of_a_table_says_the_same(
    here: Here, run: Path, tmp_path: Path, pictures: Path
) -> None:
    names = [str(path.relative_to(pictures)) for path in sorted(pictures.rglob("*.png"))]
    stored = torch.cat([pixels_of(pictures, name) for name in names])[:, 0].numpy()
    np.savez(tmp_path / "array.npz", images=stored, mine=stored[:3])
    for source, out in ((pictures, "a.npz"), (tmp_path / "array.npz", "b.npz"), (pictures, "c.parquet")):
        assert here("encode", run, source, "--out", out, "--features").exit_code == 0
    a, b = np.load(tmp_path / "a.npz"), np.load(tmp_path / "b.npz")
    assert a["file"].tolist() == names
    assert b["file"].tolist() == [str(number) for number in range(12)]
    assert a["category.p"].shape == (12, 3)
    assert a["features"].shape == (12, 10)
    for name in set(a) - {"file"}:
        np.testing.assert_allclose(a[name], b[name], atol=1e-6)
    from pyarrow import parquet

    columns = parquet.read_table(tmp_path / "c.parquet").to_pydict()
    assert columns["file"] == names
    np.testing.assert_allclose(columns["category.p2"], a["category.p"][:, 2], atol=1e-6)
    np.testing.assert_allclose(columns["features9"], a["features"][:, 9], atol=1e-6)

    assert here("encode", run, tmp_path / "array.npz", "--array", "mine", "--out", "mine.npz").exit_code == 0
    np.testing.assert_allclose(np.load(tmp_path / "mine.npz")["c"], a["c"][:3], atol=1e-6)
    assert here("encode", run, pictures / "00.png", "--out", "one.npz").exit_code == 0
    np.testing.assert_allclose(np.load(tmp_path / "one.npz")["c"], a["c"][:1], atol=1e-6)


def test_a_split_of_the_data_is_a_source(here: Here, run: Path, tmp_path: Path) -> None:
    assert here("encode", run, "test").exit_code == 0
    assert [row["file"] for row in rows(tmp_path / "codes.csv")] == [str(number) for number in range(16)]


def test_floats_in_0_to_1_cost_a_warning(here: Here, run: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "unit.npz", images=np.linspace(0, 1, 2 * 64, dtype=np.float32).reshape(2, 1, 8, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert "warning: images: no value is below 0" in here("encode", run, "unit.npz").stderr


def test_a_code_that_images_do_not_show_is_noted(here: Here, run: Path) -> None:
    done = here("encode", run, "test")
    assert "note: Q does not recover category from generated images (recovery 0.0" in done.stderr
    trained = here("encode", str(files("gan_run.demo") / "run"), "test")
    assert (trained.exit_code, trained.stderr.count("note:")) == (0, 0), trained.stderr


def test_names_of_categories_are_in_the_table_and_name_folders(
    here: Here, run: Path, tmp_path: Path, pictures: Path, model: Model
) -> None:
    labels = run / "labels.json"
    try:
        assert here("label", run, "category#0=a/b", "category#1=dog", "category#2=cat").exit_code == 0
        assert here("encode", run, pictures, "--out", "codes.csv", "--into", "sorted").exit_code == 0
    finally:
        labels.unlink()
    for row in rows(tmp_path / "codes.csv"):
        assert row["category.name"] == ("a/b", "dog", "cat")[int(row["category"])]
        link = tmp_path / "sorted" / row["category.name"].replace("/", "_") / row["file"]
        assert link.is_symlink()
        assert link.read_bytes() == (pictures / row["file"]).read_bytes()
    assert len(list((tmp_path / "sorted").rglob("*.png"))) == 12


def test_files_are_copied_and_images_of_a_split_are_written(
    here: Here, run: Path, tmp_path: Path, pictures: Path, model: Model
) -> None:
    done = here("encode", run, pictures, "--into", "copies", "--copy")
    assert done.exit_code == 0
    assert not (tmp_path / "codes.csv").exists()
    copies = list((tmp_path / "copies").rglob("*.png"))
    assert len(copies) == 12
    assert not any(path.is_symlink() for path in copies)

    assert here("encode", run, "test", "--into", "written").exit_code == 0
    for path in (tmp_path / "written").rglob("*.png"):
        codes = model.encode(to_float(pixels_of(path.parent, path.name)))
        assert str(codes["category"].item()) == path.parent.name


def test_nothing_is_sorted_into_a_folder_with_files(here: Here, run: Path, pictures: Path) -> None:
    done = here("encode", run, pictures, "--into", pictures)
    assert done.exit_code == 2
    assert "is not empty: name a new folder" in done.output


def test_contact_sheets_show_the_surest_images_of_each_category_and_the_extremes(
    here: Here, run: Path, tmp_path: Path, pictures: Path, model: Model
) -> None:
    done = here("encode", run, pictures, "--sheets", "sheets")
    assert done.stdout.split() == ["sheets/category.png", "sheets/c.png"]
    by_c = sorted(pictures.rglob("*.png"), key=lambda path: model.encode(path)["c"].item())
    with Image.open(tmp_path / "sheets/c.png") as sheet:
        pixels = np.asarray(sheet.convert("L"))
    first = pixels_of(by_c[0].parent, by_c[0].name)[0, 0].numpy()
    found = [
        (top, left)
        for top in range(20)
        for left in range(120)
        if np.array_equal(pixels[top : top + 56 : 7, left : left + 56 : 7], first)
    ]
    assert found  # each image is magnified seven times


def test_the_image_that_looks_like_no_other_is_the_first_outlier(
    here: Here, run: Path, tmp_path: Path, pictures: Path
) -> None:
    alike = tmp_path / "alike"
    alike.mkdir()
    with Image.open(pictures / "00.png") as picture:
        base = np.array(picture)
    for number in range(9):
        base[0, 0] = number
        Image.fromarray(base).save(alike / f"{number}.png")
    Image.fromarray(255 - base).save(alike / "odd.png")
    done = here("encode", run, alike, "--outliers", "2")
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first.endswith("  odd.png")
    assert float(first.split()[0]) > 3 * float(second.split()[0])


def test_unreadable_pictures_are_left_out_and_named(here: Here, run: Path, tmp_path: Path, pictures: Path) -> None:
    (pictures / "05.png").write_text("no picture")
    done = here("encode", run, pictures)
    assert done.exit_code == 0
    assert len(list(rows(tmp_path / "codes.csv"))) == 11
    alone = here("encode", run, pictures / "05.png")
    assert alone.exit_code == 2
    assert "05.png cannot be read as a picture" in alone.output


def test_files_that_are_no_pictures_by_their_names_are_counted(
    here: Here, run: Path, pictures: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.svg", "more/b.txt", "README", ".hidden"):
        (pictures / name).touch()
    assert here("encode", run, pictures).exit_code == 0
    (message,) = caplog.messages
    assert message.startswith(f"{pictures}: 3 files were left out: README; a.svg; more/b.txt (image files end in .avif")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "nothing is neither a file, nor a folder, nor a split of the data (train, validation, test)"),
        (("test", "--out", "x.txt"), "x.txt: a table is written as .csv, .npz or .parquet"),
        (("test", "--out", "x.npy"), "x.npy: a table is written as .csv, .npz or .parquet"),
        (("x.pt",), "; an array file ends in .npz, .npy, .safetensors or .h5"),
        (("test", "--into", "x", "--by", "c"), "'c' is none of the categorical codes: category"),
        (("test", "--into", "x", "--by", "category[1]"), "no latent is called 'category[1]'"),
        (("wrong.npz",), "wrong.npz: 'images': images: float (N, 1, 8, 8) in [-1, 1], or uint8"),
        (("wrong.npz", "--array", "image"), "has no array 'image'; did you mean 'images'?"),
        (("empty",), "empty has no image files"),
    ],
)
def test_what_cannot_be_encoded_is_answered(
    here: Here, run: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    np.savez(tmp_path / "wrong.npz", images=np.zeros((2, 9, 9), dtype=np.uint8))
    (tmp_path / "x.pt").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    done = here("encode", run, *arguments)
    assert done.exit_code == 2
    assert message in done.output
