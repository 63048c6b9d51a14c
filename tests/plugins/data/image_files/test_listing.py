from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from PIL import Image

from gan_run import DataError, ImageShape
from gan_run.core.images.splitting import in_test_split
from gan_run.plugins.data.image_files.image_folder import ImageFolder


def paint(path: Path, gray: int) -> None:
    """A picture of one pixel, told from others by its gray."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (1, 1), gray).save(path)


def source(root: Path, **fields: Any) -> ImageFolder:
    return ImageFolder(**{"root": root, "size": 1, "channels": 1} | fields)


def grays(folder: ImageFolder, split: Literal["train", "test"]) -> list[int]:
    return [int(gray) for gray in folder.load(split).images.flatten()]


def test_pictures_are_found_in_folders_below_whatever_the_case_of_their_extension(tmp_path: Path):
    names = ["a.png", "b.PNG", "c/d.bmp", "c/e/f.Gif", "c/g.tif", "h.tiff", "i.webp", "j.jpg", "k.JPEG"]
    for number, name in enumerate(names):
        paint(tmp_path / name, 20 * number)
    folder = source(tmp_path, test_fraction=0)
    assert folder.describe().sizes == {"train": 9, "test": 0}
    assert sorted(grays(folder, "train")) == pytest.approx([20 * number for number in range(9)], abs=2)  # JPEG, WebP


def test_hidden_and_other_files_do_not_count(tmp_path: Path):
    paint(tmp_path / "seen.png", 1)
    paint(tmp_path / ".hidden.png", 2)
    paint(tmp_path / ".thumbnails" / "small.png", 3)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    assert grays(source(tmp_path, test_fraction=0), "train") == [1]


def test_a_linked_folder_is_entered_and_a_link_to_a_folder_around_it_is_not(tmp_path: Path):
    paint(tmp_path / "elsewhere" / "a.png", 1)
    paint(tmp_path / "root" / "b.png", 2)
    (tmp_path / "root" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "around").symlink_to(tmp_path / "root")
    assert sorted(grays(source(tmp_path / "root", test_fraction=0), "train")) == [1, 2]


def test_describe_opens_no_picture(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"not a picture")
    info = ImageFolder(root=tmp_path, size=8, test_fraction=0).describe()
    assert info.image == ImageShape(3, 8, 8)
    assert info.sizes == {"train": 1, "test": 0}
    assert info.class_names is None


@pytest.mark.parametrize(
    ("place", "message"),
    [("gone", "gone is missing"), ("empty", "empty has no image files"), ("empty/file", "file is not a folder")],
)
def test_a_folder_without_pictures_is_named(tmp_path: Path, place: str, message: str):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "file").touch()
    for action in ("describe", "load"):
        folder = source(tmp_path / place)
        with pytest.raises(DataError, match=message):
            folder.describe() if action == "describe" else folder.load("train")


def test_the_splits_are_those_of_the_paths_hashes(tmp_path: Path):
    names = [f"{letter}/{number}.png" for letter in "ab" for number in range(30)]
    for number, name in enumerate(names):
        paint(tmp_path / name, number)
    folder = source(tmp_path, test_fraction=0.3)
    expected = [number for number, name in enumerate(names) if in_test_split(name, 0.3)]
    assert 5 < len(expected) < 35
    assert sorted(grays(folder, "test")) == expected
    assert sorted(grays(folder, "train")) == sorted({*range(60)} - {*expected})
    assert folder.describe().sizes == {"train": 60 - len(expected), "test": len(expected)}


def test_adding_pictures_moves_none_to_the_other_split(tmp_path: Path):
    for number in range(50):
        paint(tmp_path / f"{number}.png", number)
    before = {split: set(grays(source(tmp_path, test_fraction=0.3), split)) for split in ("train", "test")}
    for number in range(50, 100):
        paint(tmp_path / f"{number - 100}.png", number)  # "-50.png", … sort before the others
    after = {split: set(grays(source(tmp_path, test_fraction=0.3), split)) for split in ("train", "test")}
    assert before["train"] < after["train"]
    assert before["test"] < after["test"]


def test_the_order_is_always_the_same_and_mixes_the_folders(tmp_path: Path):
    for number in range(40):
        paint(tmp_path / ("a" if number < 20 else "b") / f"{number}.png", number)
    first, second = (grays(source(tmp_path, test_fraction=0), "train") for _ in range(2))
    assert first == second
    # Held-out validation images are the last: of both folders, or they would be no sample of the whole.
    validation = source(tmp_path, test_fraction=0, validation=10, labels="folders").open("validation")
    assert validation.labels is not None
    assert set(validation.labels.tolist()) == {0, 1}


def test_no_picture_left_to_train_on_is_an_error(tmp_path: Path):
    paint(tmp_path / "only.png", 1)
    with pytest.raises(DataError, match=r"data.test_fraction: 0.99\d* leaves none of 1 images"):
        source(tmp_path, test_fraction=0.999999).describe()


def test_the_first_folder_is_the_class(tmp_path: Path):
    for name, gray in {"dog/1.png": 10, "cat/1.png": 20, "cat/old/2.png": 21, "eel/1.png": 30}.items():
        paint(tmp_path / name, gray)
    (tmp_path / "ape").mkdir()  # a folder without pictures is no class
    folder = source(tmp_path, labels="folders", test_fraction=0)
    assert folder.describe().class_names == ("cat", "dog", "eel")
    labels = folder.load("train").labels
    assert labels is not None
    assert labels.dtype == torch.int64
    by_gray = dict(zip(grays(folder, "train"), labels.tolist(), strict=True))
    assert by_gray == {10: 1, 20: 0, 21: 0, 30: 2}


def test_a_picture_in_no_class_is_an_error(tmp_path: Path):
    paint(tmp_path / "cat" / "1.png", 1)
    paint(tmp_path / "stray.png", 2)
    with pytest.raises(DataError, match=r"stray\.png is in none: move it"):
        source(tmp_path, labels="folders").describe()


def test_a_file_name_that_is_not_utf_8_is_no_obstacle(tmp_path: Path):
    paint(tmp_path / "a.png", 7)
    try:
        (tmp_path / "a.png").rename(tmp_path / "caf\udce9.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    assert grays(source(tmp_path, test_fraction=0), "train") == [7]
