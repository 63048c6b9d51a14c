"""Picture files in a folder for each class."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_run import DataError
from gan_run.plugins.data.cifar10.source import Cifar10
from gan_run.testing import DataSourceSuite

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def write(folder: Path, count: int, start: int = 0) -> None:
    """`count` files a class: the red of a picture is its class, the green its number, the blue right half is white."""
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(start, start + count):
            picture = np.zeros((32, 32, 3), dtype=np.uint8)
            picture[..., 0], picture[..., 1], picture[:, 16:, 2] = label, number, 255
            Image.fromarray(picture).save(folder / name / f"{number:04}.png")


@pytest.fixture
def split(tmp_path: Path) -> Path:
    write(tmp_path / "data" / "train", 4)
    write(tmp_path / "data" / "test", 2, start=100)
    return tmp_path / "data"


class TestFolders(DataSourceSuite):
    @pytest.fixture(autouse=True)
    def _written(self, split: Path, tmp_path: Path) -> None:
        self.component = Cifar10(root=split, cache=tmp_path / "cache", mirror=True)


def test_the_folders_train_and_test_are_the_splits(split: Path, tmp_path: Path) -> None:
    source = Cifar10(root=split, cache=tmp_path / "cache")
    assert source.describe().sizes == {"train": 40, "test": 20}
    assert source.describe().class_names == CLASSES
    for part, numbers in (("train", range(4)), ("test", (100, 101))):
        images = source.load(part)
        labels, found = images.images[:, 0, 0, 0].long(), images.images[:, 1, 0, 0].tolist()
        assert images.labels is not None
        assert torch.equal(images.labels, labels)
        assert sorted(zip(labels.tolist(), found, strict=True)) == [(k, n) for k in range(10) for n in numbers]
        assert images.names == [f"{part}/{CLASSES[k]}/{n:04}.png" for k, n in zip(labels.tolist(), found, strict=True)]
        assert (images.images[:, 2].unique(dim=0)[0] == torch.tensor([0, 255]).repeat_interleave(16)).all()
    # The last images are the validation split: they are of any class.
    assert len(set(source.load("train").images[-12:, 0, 0, 0].tolist())) > 4


def test_without_a_folder_train_the_name_decides_the_split(tmp_path: Path) -> None:
    write(tmp_path / "data", 12)
    source = Cifar10(root=tmp_path / "data", cache=tmp_path / "cache", test_fraction=0.25)
    train, test = source.load("train"), source.load("test")
    assert source.describe().sizes == {"train": len(train), "test": len(test)}
    assert train.names is not None
    assert test.names is not None
    assert len({*train.names, *test.names}) == 120
    assert 15 <= len(test) <= 45
    for name in CLASSES:  # another image moves none
        picture = tmp_path / "data" / name / "more.png"
        Image.new("RGB", (32, 32)).save(picture)
    assert set(test.names) <= set(source.load("test").names or ())


def test_the_files_are_decoded_once(split: Path, tmp_path: Path) -> None:
    source = Cifar10(root=split, cache=tmp_path / "cache")
    first = source.load("train").images
    (kept,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    written = (kept / "images.npy").stat().st_mtime_ns
    assert torch.equal(first, source.load("train").images)
    assert (kept / "images.npy").stat().st_mtime_ns == written


def test_a_picture_of_another_size_is_named(split: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(split / "train" / "cat" / "large.png")
    with pytest.raises(DataError, match=r"cat/large\.png cannot be read .*it is 64x48, not 32x32; image-folder"):
        Cifar10(root=split, cache=tmp_path / "cache").load("train")


def test_a_file_that_is_no_picture_is_named(split: Path, tmp_path: Path) -> None:
    (split / "test" / "dog" / "no.jpg").write_text("<html>")
    with pytest.raises(DataError, match=r"dog/no\.jpg cannot be read as a picture of CIFAR-10"):
        Cifar10(root=split, cache=tmp_path / "cache").load("test")


@pytest.mark.parametrize("folder", ["train/horse", "test/airplane"])
def test_a_class_without_a_folder_is_named(split: Path, folder: str) -> None:
    (split / folder).rename(split / "elsewhere")
    with pytest.raises(DataError, match=rf"{folder} cannot be listed .*one folder of each class, airplane, automobile"):
        Cifar10(root=split).describe()
