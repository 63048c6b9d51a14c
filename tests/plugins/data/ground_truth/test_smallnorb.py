"""smallNORB, in small files of the authors' format."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_run import DataError, ImageShape, testing
from gan_run.plugins.data.ground_truth import smallnorb
from gan_run.plugins.data.ground_truth.smallnorb import SHA256, STEMS, SmallNORB

MAGIC = {np.dtype(np.uint8): 0x1E3D4C55, np.dtype(np.int32): 0x1E3D4C54}


def norb(array: np.ndarray) -> bytes:
    """An array as the authors store it: at least three sizes, of which those beyond the dimensions are 1."""
    sizes = [*array.shape, *[1] * (3 - array.ndim)]
    return struct.pack(f"<{2 + len(sizes)}i", MAGIC[array.dtype], array.ndim, *sizes) + array.tobytes()


def files_of(stem: str, instances: list[int]) -> dict[str, bytes]:
    """Two poses of a toy of each class; the left picture shows what the toy is, the right one is white."""
    cat = np.tile(np.arange(5, dtype=np.int32), 2 * len(instances))
    instance = np.repeat(instances, 10)
    row = np.arange(len(cat))
    info = np.stack([instance, row % 9, row % 18 * 2, row % 6], axis=1).astype(np.int32)
    dat = np.full((len(cat), 2, 96, 96), 255, dtype=np.uint8)
    dat[:, 0] = 0
    dat[:, 0, :48, :] = (20 * cat + instance)[:, None, None]
    dat[:, 0, 48:, 48:] = row[:, None, None]
    return {f"{stem}-dat.mat": norb(dat), f"{stem}-cat.mat": norb(cat), f"{stem}-info.mat": norb(info)}


FILES = files_of(STEMS["train"], [4, 6]) | files_of(STEMS["test"], [0])


def write(folder: Path, zipped: bool = False, **changed: bytes) -> Path:
    """The six files, with `changed` in place of some (train_cat, …)."""
    for name, content in FILES.items():
        for key, other in changed.items():
            split, part = key.split("_")
            if name == f"{STEMS['train' if split == 'train' else 'test']}-{part}.mat":
                content = other
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


def source(folder: Path, size: int = 64) -> SmallNORB:
    return SmallNORB(root=folder, size=size, cache=folder / "cache", download=False)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("size", [64, 96])
def test_the_left_pictures_and_the_factors_are_those_of_the_files(tmp_path: Path, zipped: bool, size: int) -> None:
    data = source(write(tmp_path, zipped), size)
    info = data.describe()
    assert (info.image, info.sizes) == (ImageShape(1, size, size), {"train": 20, "test": 10})
    assert info.class_names == ("animal", "human", "airplane", "truck", "car")
    for split, instances in (("train", {4, 6}), ("test", {0})):
        found = data.load(split)
        row = found.images[:, 0, -2, -2].double()
        assert sorted(row.tolist()) == list(range(10 * len(instances)))
        assert torch.equal(found.images[:, 0, 2, 2].long(), 20 * found.columns["label"] + found.columns["instance"])
        assert set(found.columns["instance"].tolist()) == instances
        assert torch.equal(found.columns["elevation"], 30 + 5 * (row % 9))
        assert torch.equal(found.columns["azimuth"], 20 * (row % 18))
        assert torch.equal(found.columns["lighting"].double(), row % 6)
    assert row.tolist() != sorted(row.tolist())  # the last images, which validation takes, are not of one toy


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_cat": norb(np.zeros(19, np.int32))}, r"training-cat\.mat .*int32 \(19,\), .*needs int32 \(20,\)"),
        ({"train_info": norb(np.zeros((20, 3), np.int32))}, r"training-info\.mat .*needs int32 \(20, 4\)"),
        ({"train_dat": norb(np.zeros((20, 96, 96), np.uint8))}, r"training-dat\.mat .*not uint8 \(N, 2, 96, 96\)"),
        ({"train_cat": norb(np.full(20, 5, np.int32))}, r"training-cat\.mat .*label .*categories up to 5 for 5 names"),
        ({"train_info": norb(np.full((20, 4), 7, np.int32))}, r"training-info\.mat .*lighting .*up to 7 for 6 names"),
        ({"test_cat": FILES[f"{STEMS['test']}-cat.mat"][:-1]}, r"testing-cat\.mat .*10 = 40 bytes, but 39 follow"),
        ({"test_cat": b"\x55\x4c\x3d\x1e\4"}, r"testing-cat\.mat .*5 bytes are shorter than the header"),
        ({"test_info": struct.pack("<5i", 0x1E3D4C54, -1, 1, 1, 1)}, r"testing-info\.mat .*states -1 dimensions"),
        ({"test_info": b"<html>Not found</html>"}, r"testing-info\.mat .*its magic number is 0x6d74683c, not"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, changed: dict[str, bytes], message: str) -> None:
    write(tmp_path, **changed)
    with pytest.raises(DataError, match=rf"{message}.*: delete it and fetch it again"):
        source(tmp_path).load("train" if "train" in next(iter(changed)) else "test")


def test_a_gzipped_file_cut_short_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, zipped=True) / f"{STEMS['train']}-dat.mat.gz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"training-dat\.mat\.gz cannot be read .*: delete it and fetch it again"):
        source(tmp_path).load("train")


def test_missing_files_are_named(tmp_path: Path) -> None:
    (write(tmp_path) / f"{STEMS['test']}-info.mat").unlink()
    with pytest.raises(
        DataError, match=r"lacks \S+testing-info\.mat\.gz \(gzipped or not\): set data\.root to the folder"
    ):
        source(tmp_path).describe()


def test_they_are_downloaded_and_compared_with_their_sha256(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "published").mkdir()
    published = write(tmp_path / "published", zipped=True)
    monkeypatch.setattr(smallnorb, "ADDRESS", published.as_uri())
    data = SmallNORB(root=tmp_path / "root", cache=tmp_path / "cache")
    assert data.describe().sizes == {"train": 24300, "test": 24300}  # as published
    assert not (tmp_path / "root").exists()
    with pytest.raises(DataError, match=r"the download failed\. Fetch smallnorb-5x46789x9x18x6x2x96x96-training-dat"):
        data.load("train")
    assert list((tmp_path / "root").iterdir()) == []
    right = {name: hashlib.sha256((published / name).read_bytes()).hexdigest() for name in SHA256}
    monkeypatch.setattr(smallnorb, "SHA256", right)
    assert data.load("train").count == 20
    assert data.describe().sizes == {"train": 20, "test": 10}


class TestSmallNORB(testing.DataSourceSuite):
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> None:
        self.component = source(write(tmp_path), size=16)
