import io
import json
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import pytest
import torch
from pydantic import ValidationError

from gan_run import DataError, ImageShape, array_file
from gan_run.plugins.data.array.source import Array

Writer = Callable[..., Path]


def counted(*shape: int) -> np.ndarray:
    return (np.arange(np.prod(shape)) % 256).astype(np.uint8).reshape(shape)


def source(path: Path, **fields: Any) -> Array:
    return Array(**{"path": path, "test_fraction": 0} | fields)


def test_describe_reads_the_header_alone_of_a_zip(tmp_path: Path):
    content = io.BytesIO()
    np.save(content, counted(5, 4, 6))
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("images.npy", content.getvalue()[:-1])
    assert source(tmp_path / "set.npz").describe().image == ImageShape(1, 4, 6)
    with pytest.raises(DataError, match=r"set\.npz cannot be read"):
        source(tmp_path / "set.npz").load("train")


def test_column_major_arrays_are_read_right(tmp_path: Path):
    array = counted(5, 4, 6)
    np.savez(tmp_path / "set.npz", images=np.asfortranarray(array))
    loaded = source(tmp_path / "set.npz").load("train").images
    assert {bytes(one.numpy()) for one in loaded} == {one.tobytes() for one in array}


def test_pickled_objects_are_refused(tmp_path: Path):
    np.savez(tmp_path / "set.npz", images=counted(2, 2, 2), labels=np.array([{}, {}]))
    with pytest.raises(DataError, match="'labels' is object"):
        source(tmp_path / "set.npz", labels="labels").describe()


@pytest.mark.parametrize("suffix", ["npz", "safetensors", "h5"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>Not found</html>" * 9])
def test_a_damaged_file_is_named(tmp_path: Path, suffix: str, content: bytes):
    path = tmp_path / f"set.{suffix}"
    path.write_bytes(content)
    for action in (source(path).describe, lambda: source(path).load("train")):
        with pytest.raises(DataError, match=rf"set\.{suffix} cannot be read"):
            action()


def test_a_file_cut_short_is_named(write: Writer):
    path = write(images=np.random.default_rng(0).integers(0, 256, (50, 8, 8), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=rf"{path.name} cannot be read"):
        source(path).load("train")


def test_a_type_that_numpy_does_not_know_is_refused(tmp_path: Path):
    header = json.dumps({"images": {"dtype": "BF16", "shape": [1, 2, 2], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "set.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(DataError, match="'images' is BF16: pixels of uint8, uint16"):
        source(tmp_path / "set.safetensors").describe()


@pytest.mark.parametrize("name", ["gone.npz", "gone.safetensors", "gone.h5"])
def test_a_missing_file_is_named(tmp_path: Path, name: str):
    with pytest.raises(DataError, match=rf"{name} is missing"):
        source(tmp_path / name).describe()


def test_a_folder_is_no_file(tmp_path: Path):
    (tmp_path / "set.npz").mkdir()
    with pytest.raises(DataError, match=r"set\.npz is not a file"):
        source(tmp_path / "set.npz").describe()


def test_another_kind_of_file_is_refused(tmp_path: Path):
    with pytest.raises(ValidationError, match=r"set\.pt is neither \.npz, \.npy, \.safetensors nor \.h5"):
        source(tmp_path / "set.pt")


def test_without_h5py_an_hdf5_file_is_refused_and_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "set.h5").touch()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(DataError, match=r"h5py: pip install 'gan-run\[hdf5\]'"):
        source(tmp_path / "set.h5").describe()


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_an_array_is_read_part_by_part(write: Writer, rows: int):
    array = counted(11, 3, 2).astype(np.int16)
    file = array_file(write(images=array, others=counted(4)))
    parts = list(file.blocks("images", rows))
    assert {len(part) for part in parts[:-1]} <= {rows}
    assert np.array_equal(np.concatenate(parts), array)
    with pytest.raises(DataError, match="has no array 'image'; did you mean 'images'"):
        next(file.blocks("image", rows))


def test_column_major_arrays_are_read_part_by_part(tmp_path: Path):
    np.savez(tmp_path / "set.npz", images=np.asfortranarray(counted(5, 4, 6)))
    parts = array_file(tmp_path / "set.npz").blocks("images", 2)
    assert np.array_equal(np.concatenate(list(parts)), counted(5, 4, 6))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npy_file_has_images_alone(tmp_path: Path, order: Literal["C", "F"]):
    pixels = np.arange(7, dtype=np.uint8).reshape(7, 1, 1).repeat(8, 1).repeat(8, 2)
    pixels[:, 0, 0] = 9
    np.save(tmp_path / "set.npy", np.array(pixels, order=order))
    images = source(tmp_path / "set.npy", test_fraction=0).load("train").images  # in the order of the split
    assert torch.equal(images[images[:, 0, 0, 1].argsort()], torch.from_numpy(pixels).unsqueeze(1).sort(0).values)
    parts = list(array_file(tmp_path / "set.npy").blocks("images", 3))
    assert [len(part) for part in parts] == [3, 3, 1]
    assert np.array_equal(np.concatenate(parts), pixels)
    with pytest.raises(DataError, match=r"set\.npy has no array 'labels'"):
        source(tmp_path / "set.npy", labels="labels").describe()


@pytest.mark.parametrize("content", [b"", b"no array", None])
def test_a_damaged_npy_file_is_named(tmp_path: Path, content: bytes | None):
    np.save(tmp_path / "set.npy", np.zeros((4, 8, 8), np.uint8))
    whole = (tmp_path / "set.npy").read_bytes()
    (tmp_path / "set.npy").write_bytes(whole[:-5] if content is None else content)
    with pytest.raises(DataError, match=r"set\.npy cannot be read"):
        source(tmp_path / "set.npy").load("train")


def test_a_pickled_npy_file_is_not_executed(tmp_path: Path):
    np.save(tmp_path / "set.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="'images' is object: pixels of"):
        source(tmp_path / "set.npy").load("train")


def test_parts_of_an_hdf5_file_are_whole_chunks(tmp_path: Path):
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_dataset("images", data=counted(50, 2), chunks=(8, 1), compression="gzip")
    for rows, length in ((5, 8), (30, 24)):
        parts = list(array_file(tmp_path / "set.h5").blocks("images", rows))
        assert len(parts[0]) == length
        assert np.array_equal(np.concatenate(parts), counted(50, 2))
