import threading
import urllib.error
import urllib.request
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torchvision.datasets import SVHN

from gan_run import DataError, ImageShape
from gan_run.plugins.data.svhn.source import Svhn


def write(root: Path, part: str, count: int, start: int = 0) -> None:
    """A file as the authors publish them: X (32, 32, 3, N), y (N, 1), and ten for the digit 0.

    Every picture is of its number: red in the first row, green at the left, and blue at the bottom right.
    """
    numbers = np.arange(start, start + count)
    pixels = np.zeros((32, 32, 3, count), dtype=np.uint8)
    pixels[0, :, 0] = numbers
    pixels[:, 0, 1] = numbers + 1
    pixels[31, 31, 2] = numbers + 2
    digits = numbers % 10
    savemat(root / f"{part}_32x32.mat", {"X": pixels, "y": np.where(digits == 0, 10, digits)[:, None].astype(np.uint8)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "train", 23)
    write(tmp_path, "extra", 31, start=100)
    write(tmp_path, "test", 12)
    return tmp_path


def test_it_describes_itself(root: Path) -> None:
    info = Svhn(root=root).describe()
    assert info.image == ImageShape(3, 32, 32)
    assert info.sizes == {"train": 23, "test": 12}
    assert info.class_names == tuple("0123456789")
    assert Svhn(root=root, extra=True).describe().sizes == {"train": 54, "test": 12}


def test_images_are_upright_with_their_channels_first_and_ten_is_the_digit_0(root: Path) -> None:
    train = Svhn(root=root).load("train")
    numbers = torch.arange(23)
    assert train.images.shape == (23, 3, 32, 32)
    assert torch.equal(train.images[:, 0, 0, 31].long(), numbers)
    assert torch.equal(train.images[:, 1, 31, 0].long(), numbers + 1)
    assert torch.equal(train.images[:, 2, 31, 31].long(), numbers + 2)
    assert not train.images[:, 0, 31].any()
    assert train.labels is not None
    assert torch.equal(train.labels, numbers % 10)


def test_the_extra_digits_follow_those_of_training(root: Path) -> None:
    train = Svhn(root=root, extra=True).load("train")
    assert train.images[:, 0, 0, 0].tolist() == [*range(23), *range(100, 131)]
    assert len(Svhn(root=root, extra=True).load("test")) == 12


def test_the_extra_file_is_not_needed_where_it_is_not_wanted(root: Path) -> None:
    (root / "extra_32x32.mat").unlink()
    assert len(Svhn(root=root).load("train")) == 23
    with pytest.raises(DataError, match=r"extra_32x32\.mat is missing"):
        Svhn(root=root, extra=True, download=False).describe()


@pytest.mark.parametrize("kept", [0, 50, 500, 2000])
def test_a_file_cut_short_is_named(root: Path, kept: int) -> None:
    path = root / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"train_32x32\.mat cannot be read .*: delete it and fetch it again"):
        Svhn(root=root).load("train")


def test_a_file_that_is_no_mat_file_is_named_before_training(root: Path) -> None:
    (root / "test_32x32.mat").write_text("<html>Not found</html>" * 100)
    with pytest.raises(DataError, match=r"test_32x32\.mat cannot be read"):
        Svhn(root=root).describe()


@pytest.mark.parametrize(
    "content",
    [
        {"X": np.zeros((32, 32, 3, 4), np.uint8)},
        {"y": np.ones((4, 1), np.uint8)},
        {"X": np.zeros((32, 32, 3, 4), np.uint8), "y": np.ones((5, 1), np.uint8)},
        {"X": np.zeros((28, 28, 3, 4), np.uint8), "y": np.ones((4, 1), np.uint8)},
        {"X": np.zeros((32, 32, 4), np.uint8), "y": np.ones((4, 1), np.uint8)},
    ],
)
def test_a_file_of_other_shapes_is_refused(root: Path, content: dict[str, np.ndarray]) -> None:
    savemat(root / "train_32x32.mat", content)
    with pytest.raises(DataError, match=r"not \(32, 32, 3, N\) and \(N, 1\)"):
        Svhn(root=root).describe()


@pytest.mark.parametrize(
    "content",
    [
        {"X": np.zeros((32, 32, 3, 4), np.float64), "y": np.ones((4, 1), np.uint8)},
        {"X": np.zeros((32, 32, 3, 4), np.uint8), "y": np.full((4, 1), 11, np.uint8)},
    ],
)
def test_a_file_of_other_values_is_refused(root: Path, content: dict[str, np.ndarray]) -> None:
    savemat(root / "train_32x32.mat", content)
    with pytest.raises(DataError, match=r"train_32x32\.mat cannot be read"):
        Svhn(root=root).load("train")


def test_what_is_missing_is_an_error_that_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=rf"{tmp_path}/train_32x32\.mat is missing: set data\.root .* or data\.download to true"
    ):
        Svhn(root=tmp_path, download=False).describe()


def test_a_download_that_fails_names_file_and_address_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(DataError, match=r"train_32x32\.mat is missing: the download failed. Fetch http\S+ into"):
        Svhn(root=tmp_path / "svhn").load("train")
    assert list((tmp_path / "svhn").iterdir()) == []


def test_missing_files_are_described_as_published(tmp_path: Path) -> None:
    assert Svhn(root=tmp_path / "svhn").describe().sizes == {"train": 73257, "test": 26032}
    assert Svhn(root=tmp_path / "svhn", extra=True).describe().sizes == {"train": 73257 + 531131, "test": 26032}
    assert not (tmp_path / "svhn").exists()


class TwoDownloads(ThreadingHTTPServer):
    """Sends one file to two clients at once: whole to one, and half to the other until `finish_second` is set."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _TwoDownloadsHandler)
        self.content = content
        self.both = threading.Barrier(2, timeout=30)
        self.finish_second = threading.Event()


class _TwoDownloadsHandler(BaseHTTPRequestHandler):
    server: TwoDownloads

    def do_GET(self) -> None:
        content, half = self.server.content, len(self.server.content) // 2
        is_second = self.server.both.wait() == 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:half])
        if is_second:
            self.server.finish_second.wait(timeout=30)
        self.wfile.write(content[half:])

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_two_downloads_at_once_both_leave_a_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "train", 200)
    content = (tmp_path / "train_32x32.mat").read_bytes()
    root = tmp_path / "cache"
    monkeypatch.setenv("no_proxy", "*")
    server = TwoDownloads(content)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/train_32x32.mat"
    monkeypatch.setattr(SVHN, "split_list", {"train": [url, "train_32x32.mat", md5(content).hexdigest()]})
    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(Svhn(root=root).load, "train") for _ in range(2)]
        wait(loads, return_when=FIRST_COMPLETED)
        server.finish_second.set()
        sets = [load.result() for load in loads]
    server.shutdown()
    server.server_close()
    assert [len(images) for images in sets] == [200, 200]
    assert [path.name for path in root.iterdir()] == ["train_32x32.mat"]
    assert (root / "train_32x32.mat").read_bytes() == content
