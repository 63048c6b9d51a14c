"""STL-10, in small files of the authors' format."""

import hashlib
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from gan_run import DataError, ImageShape, testing
from gan_run.plugins.data.stl10.source import STL10


def pictures(numbers: np.ndarray) -> np.ndarray:
    """Images (N, 3, 96, 96), red above with their number, and blue at the right."""
    images = np.zeros((len(numbers), 3, 96, 96), dtype=np.uint8)
    images[:, 0, :48] = numbers[:, None, None]
    images[:, 2, :, 48:] = 200
    return images


def write(folder: Path) -> Path:
    """12 training, 6 test and 9 unlabelled images, column by column as the authors store them."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count, start in (("train", 12, 0), ("test", 6, 50), ("unlabeled", 9, 100)):
        numbers = np.arange(start, start + count)
        pictures(numbers).transpose(0, 1, 3, 2).tofile(folder / f"{part}_X.bin")
        if part != "unlabeled":
            (1 + numbers % 10).astype(np.uint8).tofile(folder / f"{part}_y.bin")
    (folder / "class_names.txt").write_text("airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n")
    return folder


def source(folder: Path, size: int = 96, unlabeled: bool = False) -> STL10:
    return STL10(root=folder, size=size, unlabeled=unlabeled, cache=folder / "cache", download=False)


@pytest.mark.parametrize("inside", [".", "stl10_binary"])
def test_images_are_upright_and_have_their_classes(tmp_path: Path, inside: str) -> None:
    write(tmp_path / inside)
    data = source(tmp_path)
    info = data.describe()
    assert (info.image, info.sizes) == (ImageShape(3, 96, 96), {"train": 12, "test": 6})
    assert info.class_names is not None
    assert (info.class_names[0], info.class_names[9]) == ("airplane", "truck")
    for split, numbers in (("train", np.arange(12)), ("test", np.arange(50, 56))):
        found = data.load(split)
        assert torch.equal(found.images, torch.from_numpy(pictures(numbers)))
        assert found.columns["label"].tolist() == (numbers % 10).tolist()


def test_unlabelled_images_come_first_and_lack_a_class(tmp_path: Path) -> None:
    data = source(write(tmp_path), unlabeled=True)
    assert data.describe().sizes == {"train": 21, "test": 6}
    train = data.load("train")
    assert train.images[:, 0, 0, 0].tolist() == [*range(100, 109), *range(12)]
    assert train.columns["label"].tolist() == [*[-1] * 9, *(number % 10 for number in range(12))]
    assert data.load("test").images[:, 0, 0, 0].tolist() == list(range(50, 56))


def test_images_are_resized(tmp_path: Path) -> None:
    found = source(write(tmp_path), size=48).load("train")
    assert found.image == ImageShape(3, 48, 48)
    assert found.images[:, 0, 5, 5].tolist() == list(range(12))
    assert not found.images[:, 0, -5].any()
    assert (found.images[:, 2, :, -5] == 200).all()


def test_the_unlabelled_file_is_not_needed_where_it_is_not_wanted(tmp_path: Path) -> None:
    (write(tmp_path) / "unlabeled_X.bin").unlink()
    assert source(tmp_path).load("train").count == 12
    with pytest.raises(DataError, match=r"unlabeled_X\.bin is missing: set data\.root .* or data\.download to true"):
        source(tmp_path, unlabeled=True).describe()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train_X.bin", b"", "its 0 bytes are no multiple of 27648, those of an image"),
        ("train_X.bin", bytes(27649), "its 27649 bytes are no multiple of 27648, those of an image"),
        ("train_X.bin", bytes(27648), r"it has 12 labels for 1 images"),
        ("train_y.bin", bytes(12), "its labels are 0 to 0, and not 1 to 10"),
        ("train_y.bin", b"\x0b" * 12, "its labels are 11 to 11, and not 1 to 10"),
        ("train_y.bin", b"", "it has 0 labels for 12 images"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (write(tmp_path) / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"_[Xy]\.bin cannot be read \({message}\): delete it and fetch it again"):
        source(tmp_path).load("train")


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The archive where torchvision looks for it, with another checksum than it is told."""
    write(tmp_path / "published" / "stl10_binary")
    archive = tmp_path / "published" / "stl10_binary.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(tmp_path / "published" / "stl10_binary", "stl10_binary")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(archive.parent)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(datasets.STL10, "url", f"http://127.0.0.1:{server.server_port}/{archive.name}")
    yield archive
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_archive_is_downloaded_and_unpacked(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = STL10(root=tmp_path / "root", cache=tmp_path / "cache")
    assert data.describe().sizes == {"train": 5000, "test": 8000}  # as published
    assert not (tmp_path / "root").exists()
    with pytest.raises(DataError, match=r"train_X\.bin is missing: the download failed\. Fetch http\S+, unpack it"):
        data.load("train")
    assert list((tmp_path / "root").iterdir()) == []
    monkeypatch.setattr(datasets.STL10, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    assert data.load("test").count == 6
    assert data.describe().sizes == {"train": 12, "test": 6}


class TestSTL10(testing.DataSourceSuite):
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> None:
        self.component = source(write(tmp_path), size=16, unlabeled=True)
