"""The published versions: what is read, what is refused, what is downloaded."""

import pickle
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import md5
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from gan_run import DataError, ImageShape
from gan_run.plugins.data.cifar10.source import Cifar10
from gan_run.testing import DataSourceSuite

Write = Callable[..., dict[str, bytes]]
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FORMS = [(version, packed) for version in ("binary", "python") for packed in (False, True)]
each_form = pytest.mark.parametrize(("version", "packed"), FORMS)


@each_form
def test_every_form_has_the_same_images_in_the_order_of_the_files(
    tmp_path: Path, write: Write, version: str, packed: bool
) -> None:
    write(tmp_path, version, packed)
    source = Cifar10(root=tmp_path, download=False)
    info = source.describe()
    assert info.image == ImageShape(3, 32, 32)
    assert info.sizes == {"train": 12, "test": 3}
    assert info.class_names == CLASSES
    for split, numbers in (("train", torch.arange(12)), ("test", torch.arange(100, 103))):
        images = source.load(split)
        assert torch.equal(images.images[:, 0, 0, 31].long(), numbers)
        assert torch.equal(images.images[:, 1, 31, 0].long(), numbers + 1)
        assert torch.equal(images.images[:, 2, 31, 31].long(), numbers + 2)
        assert not images.images[:, 2, :31].any()
        assert images.labels is not None
        assert torch.equal(images.labels, numbers % 10)
        named = [f"photo_{number}.png" for number in numbers.tolist()]
        assert images.names == (named if version == "python" else None)


@each_form
def test_root_may_be_the_folder_or_the_archive_itself(tmp_path: Path, write: Write, version: str, packed: bool) -> None:
    write(tmp_path, version, packed)
    (inner,) = tmp_path.iterdir()
    assert Cifar10(root=inner, download=False).describe().sizes == {"train": 12, "test": 3}


class TestBinary(DataSourceSuite):
    @pytest.fixture(autouse=True)
    def _written(self, tmp_path: Path, write: Write) -> None:
        write(tmp_path, "binary", packed=False)
        self.component = Cifar10(root=tmp_path, mirror=True, validation=2)


class TestPythonArchive(DataSourceSuite):
    @pytest.fixture(autouse=True)
    def _written(self, tmp_path: Path, write: Write) -> None:
        write(tmp_path, "python", packed=True)
        self.component = Cifar10(root=tmp_path)


def test_mirroring_trains_on_each_image_flipped_too_and_tests_on_none(tmp_path: Path, write: Write) -> None:
    write(tmp_path, "binary", packed=False)
    source = Cifar10(root=tmp_path, mirror=True)
    train = source.load("train")
    assert (len(train), len(source.load("test"))) == (24, 3)
    plain, flipped = train.batch(torch.tensor([5, 17])).images
    assert torch.equal(flipped, plain.flip(2))
    assert not torch.equal(flipped, plain)


def test_the_files_of_these_tests_are_pickles_of_what_python_reads_from_them(tmp_path: Path, write: Write) -> None:
    content = write(tmp_path, "python", packed=False)["data_batch_1"]
    found = pickle.loads(content.replace(b"numpy.core.", b"numpy._core."), encoding="bytes")  # numpy's name of today
    assert found[b"labels"] == [0, 1, 2]
    assert found[b"data"].shape == (3, 3072)
    assert found[b"data"].dtype == np.uint8
    assert found[b"filenames"] == [b"photo_0.png", b"photo_1.png", b"photo_2.png"]


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_code_is_refused_by_name_and_runs_nothing(
    tmp_path: Path, write: Write, protocol: int, packed: bool
) -> None:
    trace = tmp_path / "trace"
    attack = pickle.dumps({"data": Attack(trace)}, protocol=protocol)
    pickle.loads(attack)
    assert trace.exists()  # it is an attack on who executes it
    trace.unlink()
    write(tmp_path, "python", packed, data_batch_3=attack)
    for read in (Cifar10(root=tmp_path).describe, lambda: Cifar10(root=tmp_path).load("train")):
        with pytest.raises(DataError, match=r"data_batch_3 cannot be read \(.*refused.*\): delete it"):
            read()
    assert not trace.exists()


HEAD = b"\x80\x02}("
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + b"U\x04datacposix\nsystem\nU\x06reboot\x85Ru.", r"posix\.system is refused"),
        (HEAD + b"U\x04datacbuiltins\neval\nU\x011\x85Ru.", r"builtins\.eval is refused"),
        (HEAD + b"U\x04datacnumpy\nfromfile\nU\x011\x85Ru.", r"numpy\.fromfile is refused"),
        (HEAD + b"U\x04data" + ARRAY + b"cnumpy\ndtype\nK\x00\x85U\x01b\x87Ru.", "with other arguments"),
        (HEAD + b"U\x04datacnumpy\ndtype\nU\x02O8K\x00K\x01\x87Ru.", "with other arguments"),
        (HEAD + b"U\x04dataP0\nu.", "PERSID is refused"),
        (HEAD + b"U\x04data(iposix\nsystem\nu.", "INST is refused"),
        (HEAD + b"U\x04data\x82\x01u.", "EXT1 is refused"),
        (HEAD + b"U\x04data]Nbu.", "tuple is needed, not NoneType"),
        (HEAD + b"U\x04data](K\x01tbu.", "a state of list is refused"),
        (HEAD + b"U\x04datah\x07u.", "nothing has the number 7"),
        (HEAD + b"K\x01K\x02u.", "int as the key of a dict"),
        (b"\x80\x02u.", "items without a mark"),
        (b"\x80\x02].", "dict is needed, not list"),
        (b"\x80\x02.", "dict is needed, not NoneType"),
        (b"\x80\x02}", "pickle exhausted before seeing STOP"),
        (b"", "pickle exhausted before seeing STOP"),
        (b"\x80\x02}.", r"no array \(N, 3072\)"),
        (b"<html>Not found</html>", "opcode b'<' unknown"),
        (b"\x80\x02" + b")\x85" * 100_000 + b".", "EMPTY_TUPLE is refused"),
        (HEAD + b"U\x04data" + ARRAY + b"N" + b"\x85" * 100_000 + b"Ru.", "with other arguments"),
    ],
)
def test_another_pickle_is_refused_by_name(tmp_path: Path, write: Write, content: bytes, message: str) -> None:
    write(tmp_path, "python", packed=False, test_batch=content)
    with pytest.raises(DataError, match=rf"test_batch cannot be read \(.*{message}"):
        Cifar10(root=tmp_path).describe()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"M\x03\x00M\x00\x0c", b"M\x02\x00M\x00\x0c", "another length than its shape says"),
        (b"U\x02u1", b"U\x02i1", "with other arguments"),
        (b"K\x00K\x01K\x02e", b"K\x00K\x01K\x0ae", "it has the label 10"),
        (b"K\x00K\x01K\x02e", b"K\x00K\x01e", "its labels are no list of 3 int"),
        (b"K\x00K\x01K\x02e", b"K\x00K\x01\x89e", "its labels are no list of 3 int"),
        (b"U\x0bphoto_1.png", b"", "its filenames are no list of 3 str"),
        (b"U\x06labels", b"U\x06Labels", "its labels are no list of 3 int"),
    ],
)
def test_a_pickle_of_other_content_is_refused_by_name(
    tmp_path: Path, write: Write, old: bytes, new: bytes, message: str
) -> None:
    content = write(tmp_path, "python", packed=False)["data_batch_1"]
    assert content.count(old) == 1
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(content.replace(old, new))
    with pytest.raises(DataError, match=rf"data_batch_1 cannot be read \({message}|data_batch_1 .*{message}"):
        Cifar10(root=tmp_path).describe()


@pytest.mark.parametrize(
    ("content", "message"), [(bytes(3072), "3072 bytes are no multiple of 3073"), (b"\x0a" + bytes(3072), "label 10")]
)
def test_a_damaged_binary_file_is_named(tmp_path: Path, write: Write, content: bytes, message: str) -> None:
    write(tmp_path, "binary", packed=False, data_batch_2=content)
    with pytest.raises(DataError, match=rf"data_batch_2\.bin cannot be read \(.*{message}"):
        Cifar10(root=tmp_path).describe()


@each_form
def test_a_file_that_is_not_there_is_named(tmp_path: Path, write: Write, version: str, packed: bool) -> None:
    write(tmp_path, version, packed, data_batch_4=None)
    with pytest.raises(DataError, match=r"lacks data_batch_4: fetch cifar-10-\w+\.tar\.gz again"):
        Cifar10(root=tmp_path).describe()


@pytest.mark.parametrize("kept", [0, 0.1, 0.5, 0.95])
def test_an_archive_cut_short_is_named(tmp_path: Path, write: Write, kept: float) -> None:
    write(tmp_path, "python", packed=True)
    path = tmp_path / "cifar-10-python.tar.gz"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match=r"cifar-10-python\.tar\.gz cannot be read .*: delete it"):
        Cifar10(root=tmp_path).load("train")


def test_what_is_missing_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"{tmp_path} has none of cifar-10-batches-bin, .*data\.download to true"):
        Cifar10(root=tmp_path, download=False).describe()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The python version where torchvision looks for it."""
    write(tmp_path / "served", "python", packed=True)
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served")))
    thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    archive = tmp_path / "served" / "cifar-10-python.tar.gz"
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{served.server_port}/{archive.name}")
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archive.read_bytes()).hexdigest())
    yield archive
    served.shutdown()
    thread.join()
    served.server_close()


def test_the_official_archive_is_downloaded_once(tmp_path: Path, server: Path) -> None:
    source = Cifar10(root=tmp_path / "cache")
    assert source.describe().sizes == {"train": 50000, "test": 10000}  # as published
    assert not (tmp_path / "cache").exists()
    assert len(source.load("train")) == 12
    server.unlink()
    assert source.describe().sizes == {"train": 12, "test": 3}
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["cifar-10-python.tar.gz"]


def test_a_download_of_another_checksum_is_refused_and_leaves_nothing(tmp_path: Path, server: Path) -> None:
    server.write_bytes(server.read_bytes() + b"\0")
    with pytest.raises(DataError, match=r"the download failed\. Fetch http\S+ into"):
        Cifar10(root=tmp_path / "cache").load("train")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_download_that_fails_names_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(DataError, match=r"the download failed\. Fetch https://\S+cifar-10-python\.tar\.gz into"):
        Cifar10(root=tmp_path / "cache").load("train")


def test_files_are_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Cifar10().root == tmp_path / "gan-run" / "cifar10"
