import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_run import DataError, Splits
from gan_run.core.images import image_cache
from gan_run.plugins.data.image_files.image_folder import ImageFolder


def noise(path: Path, side: int = 64) -> bytes:
    """A picture that does not compress to nothing, so that it can be cut in the middle."""
    values = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path.read_bytes()


def source(root: Path, **fields: Any) -> ImageFolder:
    return ImageFolder(**{"root": root, "size": 4, "test_fraction": 0} | fields)


def test_mirroring_trains_on_each_picture_flipped_too_and_tests_on_none(tmp_path: Path):
    for number in range(20):
        Image.fromarray(np.array([[0, 255], [number, 9]], dtype=np.uint8)).save(tmp_path / f"{number}.png")
    folder = ImageFolder(root=tmp_path, size=2, channels=1, mirror=True, test_fraction=0.3)
    train, test = folder.load("train"), folder.load("test")
    count = folder.describe().sizes["train"]
    assert len(train) == 2 * count
    assert len(test) == 20 - count
    plain, mirrored = train.batch(torch.tensor([1, 1 + count])).images
    assert plain[0, 0].tolist() == [-1, 1]
    assert torch.equal(mirrored, plain.flip(2))


@pytest.mark.parametrize("extension", ["png", "jpg", "bmp", "tif", "webp"])
def test_a_picture_cut_short_is_named(tmp_path: Path, extension: str):
    path = tmp_path / f"cut.{extension}"
    content = noise(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=rf'cut\.{extension} cannot be read as a picture .*data\.on_error to "skip"'):
        source(tmp_path).load("train")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<html>Not found</html>", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, content: bytes):
    (tmp_path / "no.png").write_bytes(content)
    with pytest.raises(DataError, match=r"no\.png cannot be read as a picture"):
        source(tmp_path).load("train")


def test_a_picture_of_unreasonably_many_pixels_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    noise(tmp_path / "bomb.png")
    with pytest.raises(DataError, match=r"bomb\.png cannot be read .*64x64, more than 4095 pixels: see max_pixels"):
        source(tmp_path, max_pixels=64 * 64 - 1).load("train")
    # A larger one than Pillow reads is read where the field says so.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 64 // 3)
    assert source(tmp_path, max_pixels=64 * 64, test_fraction=0).load("train").count == 1
    assert Image.MAX_IMAGE_PIXELS == 64 * 64 // 3


def test_floating_point_pixels_are_refused_since_their_white_is_unknown(tmp_path: Path):
    Image.fromarray(np.zeros((4, 4), dtype=np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(DataError, match=r"float\.tif .*save the file with 8 or 16 bits"):
        source(tmp_path).load("train")


@pytest.mark.parametrize("resident", [0, image_cache.RESIDENT], ids=["left in the file", "in memory"])
def test_unreadable_pictures_are_skipped_and_reported_if_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, resident: int
):
    monkeypatch.setattr(image_cache, "RESIDENT", resident)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
    for number in range(4):
        Image.new("L", (4, 4), number).save(tmp_path / "cat" / f"{number}.png")
        Image.new("L", (4, 4), 100 + number).save(tmp_path / "dog" / f"{number}.png")
    for number in range(7):
        (tmp_path / "cat" / f"broken{number}.png").write_bytes(b"broken")
    with caplog.at_level(logging.WARNING, logger="gan_run"):
        train = source(tmp_path, channels=1, labels="folders", on_error="skip").load("train")
    assert train.labels is not None
    grays = train.images[:, 0, 0, 0].tolist()
    assert sorted(grays) == [0, 1, 2, 3, 100, 101, 102, 103]
    assert train.labels.tolist() == [int(gray >= 100) for gray in grays]
    (message,) = caplog.messages
    assert "skipped 7 of 15 files" in message
    assert "and 2 more" in message
    assert message.count("broken") >= 5


@pytest.mark.parametrize("validation", [0, 2])
def test_a_split_with_skipped_files_is_no_other_than_described(tmp_path: Path, validation: int):
    for number in range(20):
        noise(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"broken")
    folder = source(tmp_path, test_fraction=0, validation=validation, on_error="skip")
    splits = Splits(folder)
    assert splits.info.sizes["train"] == 21
    assert (splits["train"].count, splits["train"].skipped) == (20 - validation, 1)
    assert not validation or splits["validation"].count == validation


def test_files_that_are_no_images_by_their_names_are_counted_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    for number in range(20):
        noise(tmp_path / f"{number}.png")
    (tmp_path / "known.csv").write_text("file,age\n" + "".join(f"{number}.png,3\n" for number in range(20)))
    (tmp_path / "notes.txt").touch()
    folder = source(tmp_path, columns=tmp_path / "known.csv")
    folder.describe()
    folder.load("train")
    folder.load("test")
    (message,) = caplog.messages
    assert "1 file was left out: notes.txt (" in message


def test_nothing_is_reported_if_all_can_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    noise(tmp_path / "a.png")
    source(tmp_path, on_error="skip").load("train")
    assert not caplog.messages


def test_skipping_every_picture_is_an_error(tmp_path: Path):
    (tmp_path / "no.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"none of the 1 files can be read; the first: .*no\.png"):
        source(tmp_path, on_error="skip").load("train")


def test_an_empty_test_split_loads_as_such(tmp_path: Path):
    noise(tmp_path / "a.png")
    assert source(tmp_path).load("test").images.shape == (0, 3, 4, 4)
    assert source(tmp_path, mirror=True, on_error="skip").load("test").images.shape == (0, 3, 4, 4)
