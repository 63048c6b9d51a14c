"""Entries of a folder that are no pictures, though they are called so, and pictures that no data set wants."""

import json
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_run import DataError
from gan_run.plugins.data.image_files.image_folder import ImageFolder


def paint(path: Path, gray: int = 9) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (2, 2), gray).save(path)


def source(root: Path, **fields: Any) -> ImageFolder:
    return ImageFolder(**{"root": root, "size": 2, "channels": 1, "test_fraction": 0} | fields)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.symlink_to("/nowhere/at/all.png")


def looping(path: Path) -> None:
    path.symlink_to(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def unix_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(before)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the socket's file stays, as intended
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (fifo, "it is a FIFO, and no file"),
        (dangling, "No such file or directory"),
        (looping, "Too many levels of symbolic links"),
        (device, "it is a device or a socket, and no file"),
        (unix_socket, "it is a device or a socket, and no file"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_no_file_is_named_or_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, make: Callable[[Path], None], reason: str
) -> None:
    for number in range(3):
        paint(tmp_path / "root" / f"{number}.png", number)
    make(tmp_path / "root" / "odd.png")
    with pytest.raises(DataError, match=rf"odd\.png cannot be read \({reason}\).*set data\.on_error to \"skip\""):
        source(tmp_path / "root").load("train")
    images = source(tmp_path / "root", on_error="skip").load("train")
    assert sorted(images.images[:, 0, 0, 0].tolist()) == [0, 1, 2]
    assert f"skipped 1 of 4 files: {tmp_path}/root/odd.png cannot be read ({reason})" in caplog.messages[-1]


def test_a_table_that_is_no_file_is_an_error_and_not_waited_for(tmp_path: Path) -> None:
    paint(tmp_path / "root" / "a.png")
    os.mkfifo(tmp_path / "table.csv")
    with pytest.raises(DataError, match=r"data\.columns: .*table\.csv cannot be read \(it is a FIFO"):
        source(tmp_path / "root", columns=tmp_path / "table.csv").describe()


@pytest.mark.parametrize("broken", [False, True], ids=["readable", "broken"])
def test_a_name_that_is_no_utf_8_is_a_name(tmp_path: Path, broken: bool) -> None:
    name = os.fsdecode(b"a\xff.png")
    paint(tmp_path / "root" / "good.png", 7)
    paint(tmp_path / "root" / name, 8)
    if broken:
        (tmp_path / "root" / name).write_bytes(b"broken")
    cache = tmp_path / "cache"
    for _ in range(2):
        images = source(tmp_path / "root", on_error="skip", cache=cache).load("train")
        assert sorted(images.images[:, 0, 0, 0].tolist()) == ([7] if broken else [7, 8])
        assert images.names is not None
        assert set(images.names) == {"good.png", *(() if broken else (name,))}


def test_run_folders_below_the_root_are_no_training_images(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(3):
        paint(tmp_path / f"{number}.png", number)
    run = tmp_path / "runs" / "t"
    paint(run / "artifacts" / "samples.png", 200)
    (run / "checkpoints").mkdir()
    for name in ("spec.json", "environment.json"):
        (run / name).write_text(json.dumps({}))
    paint(tmp_path / "not-a-run" / "spec.png", 3)
    (tmp_path / "not-a-run" / "spec.json").write_text("{}")
    with caplog.at_level(logging.WARNING, logger="gan_run"):
        images = source(tmp_path).load("train")
    assert sorted(images.images[:, 0, 0, 0].tolist()) == [0, 1, 2, 3]
    assert any("the pictures of run folders were left out: runs/t" in message for message in caplog.messages)
    # A folder of a run's pictures that is named itself is what it is.
    assert source(run).load("train").count == 1


def test_the_cache_tells_a_link_to_nothing_from_the_file_that_comes_later(tmp_path: Path) -> None:
    paint(tmp_path / "root" / "a.png", 5)
    (tmp_path / "root" / "b.png").symlink_to(tmp_path / "later.png")
    assert source(tmp_path / "root", on_error="skip", cache=tmp_path / "cache").load("train").count == 1
    paint(tmp_path / "later.png", 6)
    assert source(tmp_path / "root", on_error="skip", cache=tmp_path / "cache").load("train").count == 2


def test_a_picture_without_any_pixels_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 0 0 255\n")
    with pytest.raises(DataError, match=r"a\.pgm cannot be read as a picture"):
        source(tmp_path).load("train")


def test_deep_folders_are_walked(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"abcdefghij" * 10)
    paint(deep / "a.png", 1)
    np.testing.assert_array_equal(source(tmp_path).load("train").images, np.full((1, 1, 2, 2), 1, np.uint8))
