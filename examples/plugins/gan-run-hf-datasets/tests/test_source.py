"""What a dataset on the disk becomes: splits, columns, and errors that say what is wrong."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from gan_run_hf_datasets import HfDatasets
from tables import numbered

from gan_run import Column, DataError, ImageShape, SpecError, read_spec
from gan_run.testing import DataSourceSuite

COLUMNS: dict[str, Any] = {
    "azimuth": "angle",
    "person": "categorical",
    "age": "categorical",
    "text": "continuous",
    "mask": "continuous",
}


def source(path: Path, **fields: Any) -> HfDatasets:
    return HfDatasets(**{"path": path, "size": 8, "cache": path.parent / "tables"} | fields)


def numbers(images: torch.Tensor) -> list[int]:
    found: list[int] = images[:, 0, 0, 0].tolist()
    return found


class TestSaved(DataSourceSuite):
    @pytest.fixture(autouse=True)
    def _written(self, two_splits: Path) -> None:
        self.component = source(two_splits, label="digit", columns=COLUMNS, mirror=True, validation=3)


class TestParquetFile(DataSourceSuite):
    @pytest.fixture(autouse=True)
    def _written(self, tmp_path: Path) -> None:
        numbered(range(40)).to_parquet(str(tmp_path / "all.parquet"))
        self.component = source(tmp_path / "all.parquet", label="digit", columns=COLUMNS, size=[6, 4], channels=1)


def test_a_dataset_on_the_disk_has_its_splits_and_columns(two_splits: Path) -> None:
    data = source(two_splits, label="digit", columns=COLUMNS)
    info = data.describe()
    assert info.image == ImageShape(3, 8, 8)
    assert info.sizes == {"train": 30, "test": 10}
    assert info.columns == {
        "label": Column("categorical", ("zero", "one", "two")),
        "azimuth": Column("angle"),
        "person": Column("categorical", ("anna", "ben")),
        "age": Column("categorical"),
        "text": Column("continuous", shape=(2,)),
        "mask": Column("continuous", shape=(1, 2, 2)),
    }
    for split, expected in (("train", range(30)), ("test", range(100, 110))):
        images = data.load(split)
        found = numbers(images.images)
        assert sorted(found) == list(expected)
        assert (images.images[:, 2] == torch.tensor([0, 255]).repeat_interleave(4)).all()
        for row, number in enumerate(found):
            values = {name: column[row].tolist() for name, column in images.columns.items()}
            if number == 5:
                assert (values["label"], values["person"], values["age"]) == (-1, -1, -1)
                assert images.columns["azimuth"][row].isnan()
                assert images.columns["text"][row].isnan().all()
                continue
            assert values == {
                "label": number % 3,
                "azimuth": number * 1.5,
                "person": number % 2,
                "age": number + 20,
                "text": [number, number / 4],
                "mask": [[[number] * 2] * 2],
            }


def test_training_images_are_in_a_fixed_order_that_is_not_that_of_the_table(two_splits: Path) -> None:
    first, second = (source(two_splits, validation=10).open("validation").images for _ in range(2))
    assert torch.equal(first, second)
    assert len(set(numbers(first)) & set(range(20))) > 2  # a table may be sorted by class


def test_a_category_has_the_same_number_in_both_splits(tmp_path: Path) -> None:
    train, test = numbered(range(1, 30, 2)), numbered(range(0, 30, 2))  # ben alone, and anna alone
    datasets.DatasetDict(train=train, test=test).save_to_disk(str(tmp_path / "saved"))
    data = source(tmp_path / "saved", columns={"person": "categorical"})
    assert data.load("train").columns["person"].unique().tolist() == [1]
    assert data.load("test").columns["person"].unique().tolist() == [0]


def test_a_dataset_of_one_split_is_split_by_row(tmp_path: Path) -> None:
    numbered(range(100)).save_to_disk(str(tmp_path / "saved"))
    data = source(tmp_path / "saved", label="digit", test_fraction=0.3)
    train, test = data.load("train"), data.load("test")
    assert data.describe().sizes == {"train": len(train), "test": len(test)}
    assert sorted(numbers(train.images) + numbers(test.images)) == list(range(100))
    assert 15 <= len(test) <= 45
    assert train.labels is not None
    assert train.labels.tolist() == [number % 3 for number in numbers(train.images)]
    more = source(tmp_path / "saved", test_fraction=0.5)
    assert set(numbers(test.images)) < set(numbers(more.load("test").images))


def test_parquet_files_are_of_the_split_in_their_name_or_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "with [brackets]"
    (folder / "data").mkdir(parents=True)
    (folder / "test").mkdir()
    numbered(range(10)).to_parquet(str(folder / "data" / "train-00000-of-00002.parquet"))
    numbered(range(10, 20)).to_parquet(str(folder / "data" / "train-00001-of-00002.parquet"))
    numbered(range(50, 55)).to_parquet(str(folder / "data" / "validation-00000-of-00001.parquet"))
    numbered(range(100, 103)).to_parquet(str(folder / "test" / "0000.parquet"))
    (folder / "README.md").write_text("A dataset")
    data = source(folder, cache=tmp_path / "tables")
    assert data.describe().sizes == {"train": 20, "test": 3, "validation": 5}
    assert sorted(numbers(data.open("train").images)) == list(range(20))
    assert sorted(numbers(data.open("validation").images)) == list(range(50, 55))
    assert sorted(numbers(data.open("test").images)) == list(range(100, 103))


def test_a_parquet_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "all.parquet"
    numbered(range(10)).to_parquet(str(file))
    data = source(file, test_fraction=0)
    assert sorted(numbers(data.load("train").images)) == list(range(10))
    numbered(range(20, 30)).to_parquet(str(file))
    os.utime(file, ns=(1, 1))
    assert sorted(numbers(data.load("train").images)) == list(range(20, 30))


def test_held_out_training_images_come_before_the_datasets_own_validation_split(tmp_path: Path) -> None:
    parts = {"train": range(10), "validation": range(50, 55), "test": range(100, 103)}
    datasets.DatasetDict({name: numbered(part) for name, part in parts.items()}).save_to_disk(str(tmp_path / "saved"))
    assert len(source(tmp_path / "saved").open("validation")) == 5
    assert set(numbers(source(tmp_path / "saved", validation=2).open("validation").images)) < set(range(10))


def test_splits_of_other_names(tmp_path: Path) -> None:
    parts = {"learn": range(10), "validation": range(50, 55)}
    datasets.DatasetDict({name: numbered(part) for name, part in parts.items()}).save_to_disk(str(tmp_path / "saved"))
    data = source(tmp_path / "saved", splits={"train": "learn", "test": "validation"})
    assert data.describe().sizes == {"train": 10, "test": 5}
    with pytest.raises(
        DataError, match=r"data\.splits: the dataset has no split 'train'.*learn, validation.*its train"
    ):
        source(tmp_path / "saved").describe()


def test_tables_stay_in_their_files(two_splits: Path) -> None:
    images = source(two_splits).load("train")
    (file,) = (two_splits / "train").glob("*.arrow")
    assert str(file) in Path("/proc/self/maps").read_text(encoding="utf-8")  # Linux lists mapped files here
    assert len(images) == 30


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image": "picture"}, r"data\.image: the dataset has no column 'picture'.*image"),
        ({"image": "azimuth"}, r"data\.image: the column 'azimuth' has no pictures, but Value\('float32'\)"),
        ({"label": "digits"}, r"data\.label: the dataset has no column 'digits'; did you mean 'digit'"),
        ({"label": "azimuth"}, r"data\.label: 'azimuth' is .*: categories are class labels, integers or strings"),
        ({"columns": {"person": "continuous"}}, r"data\.columns\.person: 'person' is Value\('string'\): a number"),
        ({"columns": {"ragged": "continuous"}}, r"data\.columns\.ragged: .*as many numbers in every row"),
    ],
)
def test_a_column_that_is_not_there_or_of_another_kind(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    table = numbered(range(6)).add_column("ragged", [[1.0] * (1 + number % 2) for number in range(6)])
    table.save_to_disk(str(tmp_path / "saved"))
    with pytest.raises(DataError, match=message):
        source(tmp_path / "saved", **fields).describe()


def test_a_path_without_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"data\.path: {tmp_path}/none is missing: a folder written by save_to_disk"):
        source(tmp_path / "none").describe()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=rf"data\.path: {tmp_path}/empty is no dataset"):
        source(tmp_path / "empty").describe()


@pytest.mark.parametrize("name", ["train/dataset_info.json", "train/data-00000-of-00001.arrow", "dataset_dict.json"])
def test_a_damaged_dataset_is_named(two_splits: Path, name: str) -> None:
    (two_splits / name).write_bytes(b"{")
    with pytest.raises(DataError, match=rf"data\.path: {two_splits} cannot be read"):
        source(two_splits).describe()


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "all.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"data\.path: .*all\.parquet cannot be read"):
        source(tmp_path / "all.parquet").describe()


def test_a_dataset_of_the_hub_that_cannot_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.hub: nobody/nothing cannot be read"):
        HfDatasets(hub="nobody/nothing", size=8, cache=tmp_path).describe()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, r"data\.path: give either the path of a dataset or, to download one, its name in data\.hub"),
        ({"path": "x", "hub": "y/z"}, r"data\.path: give either"),
        ({"path": "x", "revision": "main"}, r"data\.revision: it belongs to a dataset of the hub"),
        ({"path": "x", "label": "a", "columns": {"label": "angle"}}, r"data\.columns\.label: the column label is"),
        ({"path": "x", "background": "blu"}, r"data\.background: .*'blu' is not a colour"),
        ({"path": "x", "size": 0}, r"data\.size"),
        ({"path": "x", "splits": {"dev": "test"}}, r"data\.splits"),
    ],
)
def test_a_spec_with_a_mistake(fields: dict[str, object], message: str) -> None:
    spec = {
        "name": "wrong",
        "data": {"type": "hf-datasets", "size": 8, **fields},
        "latents": {"z": {"type": "gaussian", "count": 2}},
        "generator": {"type": "mlp"},
        "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}],
        "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
        "train": {"steps": 1},
    }
    with pytest.raises(SpecError, match=message):
        read_spec(spec)


def test_it_is_found_by_its_entry_point_and_imports_the_library_when_it_is_used(tmp_path: Path) -> None:
    program = (
        "import sys; from gan_run import load_plugins; "
        "print(load_plugins().catalogue.names('data')); print('datasets' in sys.modules)"
    )
    listed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "'hf-datasets'" in listed.stdout
    assert listed.stdout.splitlines()[-1] == "False"
