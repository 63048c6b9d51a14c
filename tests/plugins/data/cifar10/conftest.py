"""CIFAR-10 in small: files as its authors write them, of as many pictures as a test wants."""

import io
import struct
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

Files = Mapping[str, bytes]


def pixels(numbers: list[int]) -> np.ndarray:
    """Pictures (N, 3, 32, 32), each of its number: red in the first row, green at the left, blue bottom right."""
    found = np.zeros((len(numbers), 3, 32, 32), dtype=np.uint8)
    for picture, number in zip(found, numbers, strict=True):
        picture[0, 0, :] = number
        picture[1, :, 0] = number + 1
        picture[2, 31, 31] = number + 2
    return found


def binary(numbers: list[int]) -> bytes:
    """A file of the binary version: records of a label, here the last digit of the number, and a picture."""
    rows = zip(numbers, pixels(numbers), strict=True)
    return b"".join(bytes([number % 10]) + picture.tobytes() for number, picture in rows)


def text(content: bytes) -> bytes:
    return b"U" + bytes([len(content)]) + content


def pickled(numbers: list[int]) -> bytes:
    """A file of the python version, opcode by opcode as Python 2 wrote the published ones."""
    labels = b"".join(b"K" + bytes([number % 10]) for number in numbers)
    content = pixels(numbers).tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\t(K\x01"
        b"M" + struct.pack("<H", len(numbers)) + b"M\x00\x0c\x86cnumpy\ndtype\nq\nU\x02u1K\x00K\x01\x87Rq\x0b"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<i", len(content)) + content
    )
    files = b"".join(text(b"photo_%d.png" % number) for number in numbers)
    items = (
        text(b"labels") + b"q\x04]q\x05(" + labels + b"eU\x04dataq\x06" + array + b"tbU\tfilenamesq\x0c]q\r(" + files
    )
    return b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03" + items + b"eu."


WRITERS: dict[str, tuple[str, str, str, Callable[[list[int]], bytes]]] = {
    "binary": ("cifar-10-batches-bin", "cifar-10-binary.tar.gz", ".bin", binary),
    "python": ("cifar-10-batches-py", "cifar-10-python.tar.gz", "", pickled),
}


def contents(version: str, train: int, test: int) -> dict[str, bytes]:
    """The six files: pictures of 0, 1, … in the training files, one file after another, and of 100, 101, … in the
    test file."""
    *_, suffix, write = WRITERS[version]
    parts = np.array_split(np.arange(train), 5)
    files = {f"data_batch_{index}{suffix}": write(part.tolist()) for index, part in enumerate(parts, 1)}
    return {**files, f"test_batch{suffix}": write(list(range(100, 100 + test)))}


def pack(root: Path, folder: str, archive: str, files: Files) -> None:
    """An archive with the files in its folder, in another order than theirs, and with a page beside them."""
    with tarfile.open(root / archive, "w:gz") as packed:
        for name, content in [*reversed(files.items()), ("readme.html", b"<html></html>")]:
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))


@pytest.fixture
def write() -> Callable[..., Files]:
    """write(root, "binary", packed=True, **changed) writes a version with 12 training and 3 test images, packed or in
    its folder. `changed` replaces the contents of files, or leaves out those of None."""

    def write(root: Path, version: str, packed: bool, **changed: bytes | None) -> Files:
        folder, archive, suffix, _ = WRITERS[version]
        others = {f"{name}{suffix}": content for name, content in changed.items()}
        every = {**contents(version, 12, 3), **others}
        files = {name: content for name, content in every.items() if content is not None}
        root.mkdir(parents=True, exist_ok=True)
        if packed:
            pack(root, folder, archive, files)
            return files
        (root / folder).mkdir()
        for name, content in files.items():
            (root / folder / name).write_bytes(content)
        return files

    return write
