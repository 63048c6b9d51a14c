"""A CSV file beside the pictures says what is known of each."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_run import Column, DataError, Splits, read_spec
from gan_run.plugins.data.image_files.image_folder import ImageFolder

HEADER = "file,azimuth,age,person,mood"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve pictures of 2x2 pixels; picture i is of the gray 10 * i."""
    for number in range(12):
        (tmp_path / f"{number % 2}").mkdir(exist_ok=True)
        Image.fromarray(np.full((2, 2), 10 * number, np.uint8)).save(tmp_path / f"{number % 2}" / f"{number}.png")
    return tmp_path


def row(number: int) -> str:
    age = "" if number == 3 else str(20.5 + number)
    mood = "" if number == 4 else ("sad", "glad")[number % 2]
    return f"{number % 2}/{number}.png,{30 * number},{age},{number // 3},{mood}"


def write(root: Path, *changed: str, header: str = HEADER, **fields: Any) -> ImageFolder:
    """The folder with a table; `changed` replaces its rows from the last one backwards."""
    rows = [row(number) for number in range(12)]
    rows[len(rows) - len(changed) :] = changed
    (root / "columns.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    declared = {"root": root, "size": 2, "channels": 1, "columns": root / "columns.csv", "cache": root / ".cache"}
    return ImageFolder(**{**declared, "test_fraction": 0.4, **fields})


def test_each_picture_has_the_values_of_its_row(root: Path) -> None:
    source = write(root, kinds={"azimuth": "angle", "person": "categorical"})
    splits = Splits(source)
    assert splits.info.columns == {
        "azimuth": Column("angle"),
        "age": Column("continuous"),
        "person": Column("categorical", ("0", "1", "2", "3")),
        "mood": Column("categorical", ("glad", "sad")),
    }
    seen = []
    for split in ("train", "test"):
        images = splits[split]  # type: ignore[index]  # a split's name
        names = images.names or ()
        for index, pixel in enumerate(images.images[:, 0, 0, 0].tolist()):
            number = pixel // 10
            known = {name: column[index].item() for name, column in images.columns.items()}
            assert names[index] == f"{number % 2}/{number}.png"
            assert known["azimuth"] == 30 * number
            assert math.isnan(known["age"]) if number == 3 else known["age"] == 20.5 + number
            assert known["person"] == number // 3
            assert known["mood"] == (-1 if number == 4 else 1 - number % 2)
            seen.append(number)
    assert sorted(seen) == list(range(12))


def test_numbers_are_sorted_as_numbers_where_they_are_categories(root: Path) -> None:
    rows = [f"{number % 2}/{number}.png,{number}" for number in range(12)]
    source = write(root, *rows, header="file,id", kinds={"id": "categorical"})
    assert source.describe().columns["id"].names == tuple(map(str, range(12)))


def test_a_column_may_state_the_splits(root: Path) -> None:
    states = ["train"] * 7 + ["validation"] * 2 + ["test"] * 3
    rows = [f"{number % 2}/{number}.png,{states[number]}" for number in range(12)]
    source = write(root, *rows, header="file,part", split="part")
    splits = Splits(source)
    assert splits.info.sizes == {"train": 7, "validation": 2, "test": 3}
    assert splits.info.columns == {}
    assert sorted(splits["validation"].images[:, 0, 0, 0].tolist()) == [70, 80]
    assert sorted(splits["test"].images[:, 0, 0, 0].tolist()) == [90, 100, 110]
    held_out = Splits(source.model_copy(update={"validation": 1}))
    assert (held_out["train"].count, held_out["validation"].count) == (6, 1)


def test_pictures_of_one_person_are_in_one_split(root: Path) -> None:
    source = write(root, kinds={"person": "categorical"}, groups="person")
    people = {split: set(source.load(split).columns["person"].tolist()) for split in ("train", "test")}
    assert people["train"]
    assert people["test"]
    assert not people["train"] & people["test"]


def test_a_table_and_the_classes_of_folders_go_together(root: Path) -> None:
    images = write(root, labels="folders", test_fraction=0).load("train")
    assert torch.equal(images.columns["label"], images.images[:, 0, 0, 0].long() // 10 % 2)
    assert torch.equal(images.columns["azimuth"], images.images[:, 0, 0, 0].double() * 3)


@pytest.mark.parametrize(
    ("rows", "header", "fields", "message"),
    [
        ((), "name,azimuth,age,person,mood", {}, "one of them 'file'"),
        ((), "file,age,age,person,mood", {}, "has to name every column once"),
        (("1/99.png,0,0,0,sad",), HEADER, {}, "has no row for 1 of 12 images, such as 1/11.png"),
        (("0/10.png,0,0,0,sad",), HEADER, {}, "row 13: 0/10.png has a row already"),
        (("1/11.png,0,0,0",), HEADER, {}, "row 13: 5 cells are needed, and there are 4"),
        (("1/11.png,x,0,0,sad",), HEADER, {"kinds": {"azimuth": "angle"}}, "'x' in the column 'azimuth'"),
        (("1/11.png,inf,0,0,sad",), HEADER, {"kinds": {"azimuth": "angle"}}, "'inf' in the column 'azimuth'"),
        ((), HEADER, {"kinds": {"asimuth": "angle"}}, "no column 'asimuth'; did you mean 'azimuth'"),
        ((), HEADER, {"groups": "persons"}, "no column 'persons'; did you mean 'person'"),
        ((), HEADER, {"split": "mood"}, "'sad' in the column 'mood' is no split"),
        ((), "file,azimuth,label,person,mood", {"labels": "folders"}, "has a column label"),
    ],
)
def test_mistakes_name_the_file_and_the_place(
    root: Path, rows: tuple[str, ...], header: str, fields: dict[str, Any], message: str
) -> None:
    source = write(root, *rows, header=header, **fields)
    with pytest.raises(DataError, match=message):
        source.describe()


def test_rows_of_files_that_are_not_there_are_counted(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(root).load("train")
    assert not caplog.messages
    source = write(root)
    for number in (4, 10):
        (root / f"0/{number}.png").unlink()
    source.load("train")
    assert caplog.messages == [
        f"{root / 'columns.csv'}: 2 rows are of files that are no images of data.root, such as 0/10.png"
    ]


def test_a_table_that_is_missing_is_named(root: Path) -> None:
    source = write(root)
    (root / "columns.csv").unlink()
    with pytest.raises(DataError, match=r"data\.columns: .*columns\.csv cannot be read"):
        source.describe()


def test_fields_that_need_a_table_are_refused_without_one(root: Path) -> None:
    data = {"type": "image-folder", "root": str(root), "size": 2, "groups": "person", "split": "part"}
    spec = {
        "name": "x",
        "data": data,
        "latents": {"z": {"type": "gaussian"}},
        "generator": {"type": "mlp"},
        "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
        "losses": [{"type": "hinge"}],
        "optimizers": {key: {"type": "adam", "lr": 0.1} for key in ("generator", "discriminator")},
        "train": {"steps": 1},
    }
    with pytest.raises(
        ValueError, match=r"data\.groups: it names columns of a CSV file: give the file in data\.columns"
    ):
        read_spec(spec)
