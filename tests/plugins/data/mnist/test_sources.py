import gzip
import hashlib
import struct
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
import torch
from torchvision import datasets

from gan_run import DataError, ImageShape
from gan_run.plugins.data.mnist import sources
from gan_run.plugins.data.mnist.sources import FashionMnist, FourFiles, Mnist

REAL = Path(__file__).parents[4] / "shared" / "data" / "mnist"

TRAIN = bytes(range(2 * 3 * 4)), bytes([7, 0])
"""Two images of 3x4 pixels and their labels."""
TEST = bytes(range(100, 112)), bytes([9])


def idx(content: bytes, *shape: int) -> bytes:
    return struct.pack(f">{1 + len(shape)}I", 0x0800 + len(shape), *shape) + content


FILES = {
    "train-images-idx3-ubyte": idx(TRAIN[0], 2, 3, 4),
    "train-labels-idx1-ubyte": idx(TRAIN[1], 2),
    "t10k-images-idx3-ubyte": idx(TEST[0], 1, 3, 4),
    "t10k-labels-idx1-ubyte": idx(TEST[1], 1),
}


def write(folder: Path, zipped: bool = False, **changed: bytes) -> Path:
    """The four files, with `changed` instead of some of them (dashes in a name are written as underscores)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (FILES | {name.replace("_", "-"): content for name, content in changed.items()}).items():
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


@pytest.fixture(autouse=True)
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Debian's datasets."""
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "datasets")
    return tmp_path / "datasets"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that torchvision takes for its mirror of MNIST: it has our four files."""
    folder = write(tmp_path / "mirror", zipped=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    sums = [(path.name, hashlib.md5(path.read_bytes()).hexdigest()) for path in sorted(folder.iterdir())]
    monkeypatch.setattr(datasets.MNIST, "resources", sums)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    for dataset in (datasets.MNIST, datasets.FashionMNIST):
        monkeypatch.setattr(dataset, "mirrors", ["http://127.0.0.1:9/"])  # nobody listens there


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("inside", [".", "MNIST/raw"])
def test_the_four_files_are_read_raw_or_zipped_in_root_or_where_torchvision_puts_them(
    tmp_path: Path, zipped: bool, inside: str
):
    write(tmp_path / inside, zipped)
    source = Mnist(root=tmp_path)
    info = source.describe()
    assert info.image == ImageShape(1, 3, 4)
    assert info.sizes == {"train": 2, "test": 1}
    train, test = source.load("train"), source.load("test")
    assert train.labels is not None
    assert test.labels is not None
    assert train.images.flatten().tolist() == list(TRAIN[0])
    assert train.images.shape == (2, 1, 3, 4)
    assert train.labels.tolist() == [7, 0]
    assert train.labels.dtype == torch.int64
    assert test.images.flatten().tolist() == list(TEST[0])
    assert test.labels.tolist() == [9]


def test_a_file_that_was_unpacked_under_its_zipped_name_is_read(tmp_path: Path):
    for name, content in FILES.items():
        (tmp_path / f"{name}.gz").write_bytes(content)
    assert Mnist(root=tmp_path).load("test").images.flatten().tolist() == list(TEST[0])


def test_digits_and_clothes_have_their_names(tmp_path: Path):
    write(tmp_path)
    digits, clothes = Mnist(root=tmp_path).describe().class_names, FashionMnist(root=tmp_path).describe().class_names
    assert digits is not None
    assert clothes is not None
    assert digits[7] == "7"
    assert (clothes[0], clothes[9]) == ("T-shirt/top", "Ankle boot")
    assert len(digits) == len(clothes) == 10


@pytest.mark.parametrize(("source", "name"), [(Mnist, "mnist"), (FashionMnist, "fashion-mnist")])
def test_files_are_kept_in_the_users_cache(
    source: type[Mnist] | type[FashionMnist], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert source().root == tmp_path / "gan-run" / name
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert source().root == Path.home() / ".cache" / "gan-run" / name


def test_describe_reads_no_further_than_the_headers(tmp_path: Path):
    # Zipped content cannot be judged by the file's size, so only reading it would show that it is cut short.
    images = FILES["train-images-idx3-ubyte"]
    write(tmp_path, zipped=True, train_images_idx3_ubyte=images[:-1])
    assert Mnist(root=tmp_path).describe().sizes["train"] == 2
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz.*2x3x4 = 24 bytes, but 23 follow"):
        Mnist(root=tmp_path).load("train")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train-images-idx3-ubyte", idx(TRAIN[0], 2, 3, 4)[:-1], "24 bytes, but 23 follow"),
        ("train-images-idx3-ubyte", idx(TRAIN[0], 2, 3, 4) + b"\0", "24 bytes, but at least 25 follow"),
        ("train-images-idx3-ubyte", idx(TRAIN[0], 2**31, 2**31, 4), "but 24 follow"),
        ("train-images-idx3-ubyte", idx(TRAIN[0], 6, 4), "magic number is 2050, not 2051"),
        ("train-labels-idx1-ubyte", b"<html>Not found</html>", "magic number is 1013478509, not 2049"),
        ("t10k-labels-idx1-ubyte", b"\0\0\x08\x01\0", "5 bytes are shorter than the header"),
        ("t10k-images-idx3-ubyte", b"", "0 bytes are shorter than the header"),
        ("t10k-labels-idx1-ubyte", b"\x1f\x8b\x08oops", "cannot be read"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, file: str, content: bytes, message: str):
    write(tmp_path, **{file: content})
    with pytest.raises(DataError, match=rf"{file} cannot be read.*{message}|{file} {message}"):
        Mnist(root=tmp_path).describe()


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_zip_is_named(tmp_path: Path, damage: str):
    write(tmp_path, zipped=True)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    content = path.read_bytes()
    # The last eight bytes are the checksum and the length.
    path.write_bytes(content[:-9] if damage == "cut" else content[:-8] + bytes(4) + content[-4:])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz cannot be read"):
        Mnist(root=tmp_path).load("test")


def test_images_without_a_label_are_an_error(tmp_path: Path):
    write(tmp_path, train_labels_idx1_ubyte=idx(b"\1\2\3", 3))
    for action in (Mnist(root=tmp_path).describe, partial(Mnist(root=tmp_path).load, "train")):
        with pytest.raises(DataError, match=r"has 2 images, but .* has 3 labels"):
            action()


def test_a_label_that_no_class_has_is_an_error(tmp_path: Path):
    write(tmp_path, t10k_labels_idx1_ubyte=idx(b"\x0a", 1))
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte has label 10, but there are 10 classes"):
        Mnist(root=tmp_path).load("test")


def test_splits_of_two_sizes_are_an_error(tmp_path: Path):
    write(tmp_path, t10k_images_idx3_ubyte=idx(TEST[0], 1, 4, 3))
    with pytest.raises(DataError, match=r"training images are 3x4 and test images 4x3 pixels"):
        Mnist(root=tmp_path).describe()


def test_missing_files_are_downloaded_once_and_by_load(tmp_path: Path, mirror: Path):
    source = Mnist(root=tmp_path / "cache")
    assert source.describe().sizes == {"train": 60000, "test": 10000}  # as published
    assert source.describe().image == ImageShape(1, 28, 28)
    assert not (tmp_path / "cache").exists()
    assert source.load("test").images.flatten().tolist() == list(TEST[0])
    for path in mirror.iterdir():
        path.unlink()
    assert source.describe().sizes == {"train": 2, "test": 1}
    assert source.load("train").images.flatten().tolist() == list(TRAIN[0])


def test_a_download_that_fails_half_way_is_told_and_can_be_repeated(tmp_path: Path, mirror: Path):
    source, last = Mnist(root=tmp_path / "cache"), mirror / "train-labels-idx1-ubyte.gz"
    content = last.read_bytes()
    last.write_bytes(b"other bytes")
    with pytest.raises(DataError, match="the download failed"):
        source.load("train")
    assert list((tmp_path / "cache").iterdir()) == []
    last.write_bytes(content)
    assert source.load("train").count == 2


@pytest.mark.parametrize("source", [Mnist, FashionMnist])
def test_without_a_network_the_error_says_what_to_do(
    tmp_path: Path, no_network: None, source: type[Mnist] | type[FashionMnist]
):
    with pytest.raises(DataError) as caught:
        source(root=tmp_path).load("train")
    message = str(caught.value)
    assert all(name in message for name in FILES)
    assert str(tmp_path / source.torchvision_name / "raw") in message
    assert "http://127.0.0.1:9/" in message
    assert "set data.root" in message


def test_files_of_debians_package_are_found(tmp_path: Path, debian: Path, no_network: None):
    write(debian / "fashion-mnist", zipped=True)
    assert FashionMnist(root=tmp_path / "cache").load("train").images.flatten().tolist() == list(TRAIN[0])
    assert not (tmp_path / "cache").exists()
    write(tmp_path / "root", train_images_idx3_ubyte=idx(TEST[0] * 2, 2, 3, 4))
    images = FashionMnist(root=tmp_path / "root").load("train").images  # those of `root` come first
    assert images.flatten().tolist() == list(TEST[0] * 2)


@pytest.mark.parametrize("action", ["describe", "train", "test"])
def test_nothing_is_downloaded_if_that_is_forbidden(
    tmp_path: Path, mirror: Path, action: Literal["describe", "train", "test"]
):
    source: FourFiles = Mnist(root=tmp_path / "cache", download=False)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte, .*set data.root .*data.download to true"):
        source.describe() if action == "describe" else source.load(action)
    assert not (tmp_path / "cache").exists()


def test_a_root_that_cannot_be_written_is_told(tmp_path: Path, mirror: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="the download failed"):
        Mnist(root=tmp_path / "file").load("train")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real MNIST is not beside the repository (shared/data/mnist)")
def test_the_real_mnist_is_read():
    source = Mnist(root=REAL, download=False)
    info = source.describe()
    assert (info.image, info.sizes) == (ImageShape(1, 28, 28), {"train": 60_000, "test": 10_000})
    train, test = source.load("train"), source.load("test")
    assert train.labels is not None
    assert test.labels is not None
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    # The mean and deviation by which everybody normalises MNIST.
    pixels = train.images.float() / 255
    assert pixels.mean().item() == pytest.approx(0.1307, abs=1e-4)
    assert pixels.std().item() == pytest.approx(0.3081, abs=1e-4)
