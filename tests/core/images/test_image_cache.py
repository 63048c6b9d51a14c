import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_run import (
    DataError,
    Decoding,
    ImageShape,
    PluginError,
    Unpacking,
    UnreadableError,
    decode_once,
    unpack_once,
)
from gan_run.core.images import image_cache

SHAPE = ImageShape(1, 2, 2)

PROGRAM = """
import sys, time
from pathlib import Path
import torch
from gan_run import Decoding, ImageShape, decode_once

folder, cache, log, seconds = *map(Path, sys.argv[1:4]), float(sys.argv[4])

def decode(path):
    with log.open("a") as file:
        file.write(path.name + "\\n")
    time.sleep(seconds)
    return torch.full((1, 2, 2), int(path.name), dtype=torch.uint8)

files = sorted(folder.iterdir(), key=lambda path: int(path.name))
found = decode_once(Decoding(files, ImageShape(1, 2, 2), {}, decode), cache)
print([int(image[0, 0, 0]) for image in found.images])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six files, each named by a number and holding it."""
    made = tmp_path / "files"
    made.mkdir()
    for number in range(6):
        (made / str(number)).write_text(str(number))
    return made


class Reader:
    """Decodes a file to its number, and remembers which files it was given."""

    def __init__(self, broken: frozenset[str] = frozenset()) -> None:
        self.broken = broken
        self.read: list[str] = []

    def __call__(self, path: Path) -> Tensor:
        self.read.append(path.name)
        if path.name in self.broken:
            raise UnreadableError(f"{path} is broken")
        return torch.full(SHAPE, int(path.read_text()), dtype=torch.uint8)


def decoding(folder: Path, reader: Callable[[Path], Tensor], skip: bool = False, **transform: object) -> Decoding:
    files = sorted(folder.iterdir(), key=lambda path: int(path.name))
    return Decoding(files, SHAPE, transform, reader, skip)


def numbers(images: Tensor) -> list[int]:
    return images[:, 0, 0, 0].tolist()


def test_images_come_in_the_order_of_their_files(folder: Path, tmp_path: Path) -> None:
    found = decode_once(decoding(folder, Reader()), tmp_path / "cache")
    assert found.images.shape == (6, *SHAPE)
    assert found.images.dtype == torch.uint8
    assert numbers(found.images) == [0, 1, 2, 3, 4, 5]
    assert found.unreadable == {}


def test_the_second_time_nothing_is_decoded(folder: Path, tmp_path: Path) -> None:
    decode_once(decoding(folder, Reader()), tmp_path / "cache")
    again = Reader()
    assert numbers(decode_once(decoding(folder, again), tmp_path / "cache").images) == [0, 1, 2, 3, 4, 5]
    assert again.read == []


def test_another_transform_is_decoded_anew_and_the_first_is_kept(folder: Path, tmp_path: Path) -> None:
    decode_once(decoding(folder, Reader(), size=2), tmp_path / "cache")
    for size, decoded in ((3, 6), (2, 0), (3, 0)):
        reader = Reader()
        decode_once(decoding(folder, reader, size=size), tmp_path / "cache")
        assert len(reader.read) == decoded


def test_files_that_change_come_or_go_are_decoded_anew(folder: Path, tmp_path: Path) -> None:
    decode_once(decoding(folder, Reader()), tmp_path / "cache")
    (folder / "3").write_text("33")
    assert numbers(decode_once(decoding(folder, Reader()), tmp_path / "cache").images) == [0, 1, 2, 33, 4, 5]
    (folder / "0").unlink()
    assert numbers(decode_once(decoding(folder, Reader()), tmp_path / "cache").images) == [1, 2, 33, 4, 5]
    # The same length, but changed at another time.
    (folder / "5").write_text("9")
    os.utime(folder / "5", ns=(1, 1))
    assert numbers(decode_once(decoding(folder, Reader()), tmp_path / "cache").images) == [1, 2, 33, 4, 9]


def test_images_that_nobody_wants_need_no_cache(tmp_path: Path) -> None:
    assert decode_once(Decoding([], SHAPE, {}, Reader()), tmp_path / "cache").images.shape == (0, *SHAPE)
    assert not (tmp_path / "cache").exists()


def test_a_file_that_cannot_be_read_ends_it_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="4 is broken"):
        decode_once(decoding(folder, Reader(frozenset("4"))), tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_or_is_left_black_and_noted_now_and_later(folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        found = decode_once(decoding(folder, Reader(frozenset("42")), skip=True), tmp_path / "cache")
        assert numbers(found.images) == [0, 1, 0, 3, 0, 5]
        assert dict(found.unreadable) == {2: f"{folder / '2'} is broken", 4: f"{folder / '4'} is broken"}


def test_what_was_skipped_once_is_an_error_again_when_asked_to_be(folder: Path, tmp_path: Path) -> None:
    decode_once(decoding(folder, Reader(frozenset("4")), skip=True), tmp_path / "cache")
    with pytest.raises(UnreadableError, match="4 is broken"):
        decode_once(decoding(folder, Reader(frozenset("4"))), tmp_path / "cache")


def test_more_images_than_are_decoded_at_once(tmp_path: Path) -> None:
    files = tmp_path / "many"
    files.mkdir()
    for number in range(600):
        (files / str(number)).touch()
    wanted = decoding(files, lambda path: torch.full(SHAPE, int(path.name) % 251, dtype=torch.uint8))
    assert numbers(decode_once(wanted, tmp_path / "cache").images) == [number % 251 for number in range(600)]


def start(folder: Path, tmp_path: Path, log: str, seconds: float = 0.1) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", PROGRAM, folder, tmp_path / "cache", tmp_path / log, str(seconds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_of_two_processes_at_once_one_decodes_and_both_have_the_images(folder: Path, tmp_path: Path) -> None:
    processes = [start(folder, tmp_path, "log") for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert out.strip() == "[0, 1, 2, 3, 4, 5]"
    assert sorted((tmp_path / "log").read_text().split()) == list("012345")


def test_a_killed_process_leaves_nothing_that_is_believed(folder: Path, tmp_path: Path) -> None:
    process = start(folder, tmp_path, "log", seconds=60)
    deadline = time.monotonic() + 60
    while not (tmp_path / "log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert any(path.suffix == ".unfinished" for path in (tmp_path / "cache").iterdir())
    assert numbers(decode_once(decoding(folder, Reader()), tmp_path / "cache").images) == [0, 1, 2, 3, 4, 5]
    assert not any(path.suffix == ".unfinished" for path in (tmp_path / "cache").iterdir())


def test_a_file_that_outgrows_the_limit_is_an_error_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    # The kernel refuses the write, as it does on a full disk; here with EFBIG.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(DataError, match=r"cannot be kept here .* set data\.cache to another folder"):
            decode_once(decoding(folder, Reader()), tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]
    assert numbers(decode_once(decoding(folder, Reader()), tmp_path / "cache").images) == [0, 1, 2, 3, 4, 5]


def test_a_full_disk_is_named_as_such_and_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)  # where a disk that fills up late is noticed
        with pytest.raises(DataError, match=r"the disk is full; make room, or set data\.cache"):
            decode_once(decoding(folder, Reader()), tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]
    assert numbers(decode_once(decoding(folder, Reader()), tmp_path / "cache").images) == [0, 1, 2, 3, 4, 5]


def test_a_cache_that_is_no_folder_is_an_error_that_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match=r"set data\.cache to another folder"):
        decode_once(decoding(folder, Reader()), tmp_path / "cache")


@pytest.mark.parametrize("damage", ["none", "a flipped bit", "cut", "another line", "no header"])
def test_after_an_interruption_the_complete_blocks_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(image_cache, "CHUNK", 2)
    files = tmp_path / "files"
    files.mkdir()
    for number in range(9):
        (files / str(number)).write_text(str(number))

    class Interrupted(Reader):
        def __call__(self, path: Path) -> Tensor:
            if path.name == "6":
                raise KeyboardInterrupt
            return super().__call__(path)

    reader = Interrupted(frozenset("1"))
    with pytest.raises(KeyboardInterrupt):
        decode_once(decoding(files, reader, skip=True), tmp_path / "cache")
    (unfinished,) = (tmp_path / "cache").glob("*.unfinished")
    images, blocks = unfinished / "images.npy", unfinished / "blocks.jsonl"
    content = bytearray(images.read_bytes())
    if damage == "a flipped bit":
        content[-2 * 4] ^= 1  # in the third block
        images.write_bytes(content)
    elif damage == "cut":
        images.write_bytes(content[:-1])
    elif damage == "another line":
        lines = blocks.read_text().splitlines(keepends=True)
        blocks.write_text("".join([*lines[:2], '{"count": "x"}\n']))
    elif damage == "no header":
        images.write_bytes(b"")
    again = Reader(frozenset("1"))
    found = decode_once(decoding(files, again, skip=True), tmp_path / "cache")
    assert numbers(found.images) == [0, 0, 2, 3, 4, 5, 6, 7, 8]
    assert dict(found.unreadable) == {1: f"{files / '1'} is broken"}
    first = {"none": 6, "no header": 0}.get(damage, 4)
    assert sorted(again.read) == [str(number) for number in range(first, 9)]
    assert [path.suffix for path in (tmp_path / "cache").iterdir() if path.suffix] == [".lock"]


def test_an_unpacking_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    def interrupted() -> Iterator[Tensor]:
        yield block(1, 2, 3)
        raise KeyboardInterrupt

    whole = unpacking(tmp_path / "file", count=5)
    with pytest.raises(KeyboardInterrupt):
        unpack_once(replace(whole, blocks=interrupted), tmp_path / "cache")
    # The blocks of the second reading are of other sizes; what is kept is not taken from them.
    later = unpacking(tmp_path / "file", block(9, 9), block(9, 4, 5), count=5)
    found = unpack_once(later, tmp_path / "cache")
    assert numbers(found[torch.arange(5)]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("resident", [0, image_cache.RESIDENT], ids=["left in the file", "in memory"])
def test_a_flipped_bit_of_an_image_is_found(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resident: int
) -> None:
    monkeypatch.setattr(image_cache, "RESIDENT", resident)
    decode_once(decoding(folder, Reader()), tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("*/images.npy")
    content = bytearray(file.read_bytes())
    content[-10] ^= 16
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"the images 0 to 5 are not what was written\): delete it"):
        decode_once(decoding(folder, Reader()), tmp_path / "cache")


@pytest.mark.parametrize("name", ["images.npy", "blocks.jsonl", "about.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_damaged_entry_is_an_error_that_says_what_to_do(folder: Path, tmp_path: Path, name: str, damage: str) -> None:
    decode_once(decoding(folder, Reader()), tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob(f"*/{name}")
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-10])
    else:
        file.write_text("[]")
    with pytest.raises(DataError, match=r"is damaged .*: delete it, and it is made again"):
        decode_once(decoding(folder, Reader()), tmp_path / "cache")


def test_a_file_that_is_gone_is_named(folder: Path, tmp_path: Path) -> None:
    wanted = decoding(folder, Reader())
    (folder / "2").unlink()
    with pytest.raises(UnreadableError, match="2 cannot be read"):
        decode_once(wanted, tmp_path / "cache")


def unpacking(file: Path, *blocks: Tensor, count: int) -> Unpacking:
    return Unpacking([file], SHAPE, count, {}, lambda: iter(blocks))


def block(*of: int) -> Tensor:
    return torch.tensor(of, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, *SHAPE)


@pytest.mark.parametrize("resident", [0, image_cache.RESIDENT], ids=["left in the file", "in memory"])
def test_blocks_of_images_are_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resident: int) -> None:
    monkeypatch.setattr(image_cache, "RESIDENT", resident)
    (tmp_path / "file").touch()
    for blocks in ((block(1, 2, 3), block(4, 5)), ()):  # the second time they are not read
        found = unpack_once(unpacking(tmp_path / "file", *blocks, count=5), tmp_path / "cache")
        assert isinstance(found, Tensor) == (resident > 0)
        assert numbers(found[torch.arange(5)]) == [1, 2, 3, 4, 5]


def test_blocks_that_are_not_as_stated_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PluginError, match="the blocks have 2 images, and not 3"):
        unpack_once(unpacking(tmp_path / "file", block(1, 2), count=3), tmp_path / "cache")
    with pytest.raises(PluginError, match=r"a block of images is torch\.float32 \(2, 1, 2, 2\)"):
        unpack_once(unpacking(tmp_path / "file", block(1, 2).float(), count=2), tmp_path / "cache")
    assert not any(path.is_dir() for path in (tmp_path / "cache").iterdir())
