from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_run import DataError, Factor, ImageShape
from gan_run.plugins.data.array.faces import Faces
from gan_run.plugins.data.array.source import Array

Writer = Callable[..., Path]


def counted(*shape: int) -> np.ndarray:
    return (np.arange(np.prod(shape)) % 256).astype(np.uint8).reshape(shape)


def source(path: Path, **fields: Any) -> Array:
    return Array(**{"path": path, "test_fraction": 0} | fields)


@pytest.mark.parametrize(
    ("shape", "image", "to_chw"),
    [
        ((5, 4, 6), ImageShape(1, 4, 6), lambda image: image[None]),
        ((5, 4, 6, 3), ImageShape(3, 4, 6), lambda image: image.transpose(2, 0, 1)),
        ((5, 4, 6, 1), ImageShape(1, 4, 6), lambda image: image.transpose(2, 0, 1)),
        ((5, 3, 4, 6), ImageShape(3, 4, 6), lambda image: image),
        ((5, 1, 4, 6), ImageShape(1, 4, 6), lambda image: image),
    ],
)
def test_each_layout_becomes_channels_first(
    write: Writer, shape: tuple[int, ...], image: ImageShape, to_chw: Callable[[np.ndarray], np.ndarray]
):
    array = counted(*shape)
    folder = source(write(images=array))
    info = folder.describe()
    assert info.image == image
    assert info.sizes == {"train": 5, "test": 0}
    assert info.class_names is None
    loaded = folder.load("train")
    assert loaded.labels is None
    assert loaded.images.dtype == torch.uint8
    found = {bytes(one.numpy()) for one in loaded.images}
    assert found == {to_chw(one).tobytes() for one in array}
    assert loaded.images.shape == (5, *image)


def test_channels_at_either_end_are_not_guessed(write: Writer):
    path = write(images=counted(5, 3, 4, 3))
    with pytest.raises(DataError, match=r'first or last: set data\.layout to "HWC" or "CHW"'):
        source(path).describe()
    assert source(path, layout="CHW").describe().image == ImageShape(3, 4, 3)
    assert source(path, layout="HWC").describe().image == ImageShape(3, 3, 4)


@pytest.mark.parametrize(
    ("shape", "layout", "message"),
    [
        ((5, 4, 6), "HWC", "not HWC"),
        ((5, 3, 4, 6), "HWC", "not HWC with 1 or 3 channels"),
        ((5, 4, 6, 3), "HW", "not HW"),
        ((5, 4, 6, 4), "auto", "neither its first nor its last dimension has 1 or 3 channels"),
        ((5, 4), "auto", r"has shape \(5, 4\), not \(M, H, W\)"),
        ((0, 4, 6), "auto", "is empty"),
    ],
)
def test_a_shape_that_does_not_fit_is_told(write: Writer, shape: tuple[int, ...], layout: str, message: str):
    with pytest.raises(DataError, match=rf"set\.\w+: 'images' .*{message}"):
        source(write(images=counted(*shape)), layout=layout).describe()


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint16])
def test_images_of_another_type_are_refused(write: Writer, kind: type):
    with pytest.raises(DataError, match=f"is {np.dtype(kind).name}: convert the images to uint8"):
        source(write(images=np.zeros((5, 4, 6), kind))).describe()


def test_arrays_go_by_the_names_given(write: Writer):
    path = write(x=counted(3, 2, 2), y=np.array([2, 0, 1]))
    assert source(path, images="x", labels="y").describe().class_names == ("0", "1", "2")
    with pytest.raises(DataError, match=r"no array 'images' \(there is: x, y\)"):
        source(path).describe()
    with pytest.raises(DataError, match="no array 'yy'; did you mean 'y'"):
        source(path, images="x", labels="yy").load("train")


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.uint64])
def test_labels_stay_with_their_images(write: Writer, kind: type):
    images = np.repeat(np.arange(50, dtype=np.uint8), 4).reshape(50, 2, 2)
    folder = source(write(images=images, labels=(np.arange(50) % 7).astype(kind)), labels="labels", test_fraction=0.3)
    for split in ("train", "test"):
        loaded = folder.load(split)
        assert loaded.labels is not None
        assert loaded.labels.dtype == torch.int64
        assert torch.equal(loaded.labels, loaded.images[:, 0, 0, 0].long() % 7)
    assert folder.describe().class_names == tuple("0123456")


def test_factors_stay_with_their_images(write: Writer):
    numbers = np.arange(50)
    images = np.repeat(numbers.astype(np.uint8), 4).reshape(50, 2, 2)
    path = write(images=images, azimuth=(numbers * 7.5).astype(np.float32), model=numbers % 3)
    folder = source(path, factors={"azimuth": "angle", "model": "categorical"}, test_fraction=0.3)
    assert folder.describe().factors == (Factor("azimuth", "angle"), Factor("model", "categorical"))
    for split in ("train", "test"):
        loaded = folder.load(split)
        assert loaded.factors is not None
        shown = loaded.images[:, 0, 0, 0].double()
        assert torch.equal(loaded.factors, torch.stack([shown * 7.5, shown % 3], 1))


def test_without_factors_there_are_none(write: Writer):
    folder = source(write(images=counted(3, 2, 2)))
    assert folder.describe().factors == ()
    assert folder.load("train").factors is None


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("continuous", np.array([0.0, 1.0]), r"'f' has shape \(2,\), not \(3,\)"),
        ("continuous", np.array([0.0, 1.0, np.nan]), "values that are not finite"),
        ("continuous", np.array([True, False, True]), "is bool: factors have to be numbers"),
        ("categorical", np.array([0.0, 1.0, 1.5]), "'f' has fractions"),
    ],
)
def test_factors_that_are_no_numbers_of_the_images_are_refused(tmp_path: Path, kind: str, values: np.ndarray, message):
    np.savez(tmp_path / "set.npz", images=counted(3, 2, 2), f=values)
    with pytest.raises(DataError, match=message):
        source(tmp_path / "set.npz", factors={"f": kind}).describe()


def test_a_factor_that_is_not_there_is_refused_with_the_nearest(write: Writer):
    path = write(images=counted(3, 2, 2), azimuth=np.arange(3))
    with pytest.raises(DataError, match="no array 'azimut'; did you mean 'azimuth'"):
        source(path, factors={"azimut": "angle"}).describe()


def faces_file(folder: Path, **changes: np.ndarray) -> Path:
    arrays = {
        "images": np.repeat(np.arange(30, dtype=np.uint8), 4).reshape(30, 2, 2),
        "factors": np.stack([np.arange(30) * 2.0, np.arange(30) * -1.0], 1),
        "factor_names": np.array(["azimuth", "light"]),
    }
    np.savez(folder / "faces.npz", **(arrays | changes))
    return folder / "faces.npz"


def test_faces_carry_the_table_of_their_factors(tmp_path: Path):
    faces = Faces(path=faces_file(tmp_path), test_fraction=0.3)
    assert faces.describe().factors == (Factor("azimuth", "continuous"), Factor("light", "continuous"))
    for split in ("train", "test"):
        loaded = faces.load(split)
        assert loaded.factors is not None
        shown = loaded.images[:, 0, 0, 0].double()
        assert torch.equal(loaded.factors, torch.stack([shown * 2, -shown], 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factor_names": np.array(["azimuth"])}, r"'factors' has shape \(30, 2\), not \(30, 1\)"),
        ({"factors": np.zeros((29, 2))}, r"'factors' has shape \(29, 2\), not \(30, 2\)"),
        ({"factor_names": np.array([1, 2])}, "it has to be an array of strings"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, np.ndarray], message: str):
    with pytest.raises(DataError, match=message):
        Faces(path=faces_file(tmp_path, **changes)).describe()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1]), r"has shape \(2,\), but 3 images need \(3,\)"),
        (np.array([[0], [1], [2]]), r"has shape \(3, 1\)"),
        (np.array([0.0, 1.0, 2.0]), "is float64: labels have to be integers"),
        (np.array([0, 1, -1]), "runs from -1 to 1: number the classes"),
        (np.array([7, 1007, 2007]), "runs from 7 to 2007: number the classes"),
    ],
)
def test_labels_that_are_no_classes_are_refused(write: Writer, labels: np.ndarray, message: str):
    folder = source(write(images=counted(3, 2, 2), labels=labels), labels="labels")
    for action in (folder.describe, lambda: folder.load("train")):
        with pytest.raises(DataError, match=f"'labels' {message}"):
            action()
