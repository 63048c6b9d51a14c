from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_run import Column, DataError, ImageShape, PluginError, Splits
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
        ((5, 4, 6), "HWC", r"not \(M, H, W, C\)"),
        ((5, 4, 6, 3), "HW", r"not \(M, H, W\)"),
        ((5, 8, 6, 7), "auto", "neither its first nor its last dimension has 1 to 4 channels: set data.layout"),
        ((5, 4), "auto", r"has shape \(5, 4\), not \(M, H, W\)"),
        ((0, 4, 6), "auto", "is empty"),
    ],
)
def test_a_shape_that_does_not_fit_is_told(write: Writer, shape: tuple[int, ...], layout: str, message: str):
    with pytest.raises(DataError, match=rf"set\.\w+: 'images' .*{message}"):
        source(write(images=counted(*shape)), layout=layout).describe()


@pytest.mark.parametrize(
    ("shape", "layout", "channels_at", "image"),
    [
        ((5, 48, 32, 4), "auto", 3, (4, 48, 32)),
        ((5, 2, 8, 8), "auto", 1, (2, 8, 8)),
        ((5, 9, 6, 7), "CHW", 1, (9, 6, 7)),
        ((5, 16), "L", None, (1, 16)),
        ((5, 16, 6), "LC", 2, (6, 16)),
        ((5, 4, 6, 8), "DHW", None, (1, 4, 6, 8)),
        ((5, 4, 6, 8, 2), "DHWC", 4, (2, 4, 6, 8)),
    ],
)
def test_any_number_of_channels_and_axes(
    write: Writer, shape: tuple[int, ...], layout: str, channels_at: int | None, image: tuple[int, ...]
):
    array = counted(*shape)
    folder = source(write(images=array), layout=layout)
    assert folder.describe().image == ImageShape(*image)
    expected = array[:, None] if channels_at is None else np.moveaxis(array, channels_at, 1)
    loaded = Splits(folder)["train"]
    assert {bytes(one.numpy()) for one in loaded.images} == {np.ascontiguousarray(one).tobytes() for one in expected}


@pytest.mark.parametrize(
    ("kind", "given", "low", "middle", "high"),
    [
        (np.uint8, None, 0, 127, 255),
        (np.uint8, [0, 2], 0, 1, 2),
        (np.uint16, None, 0, 32767, 65535),
        (np.uint16, [0, 4095], 0, 2047, 4095),
        (np.float32, [0, 1], 0, 0.5, 1),
        (np.float64, [-3, 5], -3, 1, 5),
        (np.float16, [-1, 1], -1, 0, 1),
    ],
)
def test_pixels_of_any_type_and_range_become_minus_one_to_one(
    write: Writer, kind: type, given: list[float] | None, low: float, middle: float, high: float
):
    values = np.array([low, middle, high])
    images = Splits(source(write(images=np.tile(values.astype(kind), (4, 2, 1))), range=given))["train"]
    batch = images.batch(torch.tensor([0, 3])).images
    expected = torch.tensor((values - low) / (high - low) * 2 - 1, dtype=torch.float32).expand(2, 1, 2, 3)
    torch.testing.assert_close(batch, expected, atol=2e-6, rtol=0)
    stored = images.codec.encode(batch)
    assert stored.dtype == images.images.dtype
    torch.testing.assert_close(stored.double(), images.images[:2].double(), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_real_numbers_need_a_range(write: Writer, kind: type):
    with pytest.raises(DataError, match=rf"is {np.dtype(kind).name}: set data\.range to the range of its pixels"):
        source(write(images=np.zeros((5, 4, 6), kind))).describe()


@pytest.mark.parametrize("kind", [np.int64, np.complex64, np.bool_])
def test_images_of_another_type_are_refused(tmp_path: Path, kind: type):
    np.savez(tmp_path / "set.npz", images=np.zeros((5, 4, 6), kind))
    with pytest.raises(DataError, match=f"is {np.dtype(kind).name}: pixels of uint8, uint16, float16"):
        source(tmp_path / "set.npz").describe()


@pytest.mark.parametrize("wrong", [1.5, -0.1, np.nan])
def test_pixels_outside_their_range_are_refused(write: Writer, wrong: float):
    array = np.zeros((5, 4, 6), np.float32)
    array[3, 1, 1] = wrong
    with pytest.raises(DataError, match=r"outside data\.range, 0 to 1"):
        source(write(images=array), range=[0, 1]).load("train")


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
    folder = source(path, columns={"azimuth": "angle", "model": "categorical"}, test_fraction=0.3)
    assert folder.describe().columns == {"azimuth": Column("angle"), "model": Column("categorical")}
    for split in ("train", "test"):
        columns = folder.load(split).columns
        shown = folder.load(split).images[:, 0, 0, 0].double()
        assert torch.equal(columns["azimuth"], shown * 7.5)
        assert torch.equal(columns["model"], shown.long() % 3)


def test_columns_may_be_vectors_and_have_missing_values(write: Writer):
    text = np.arange(12, dtype=np.float32).reshape(4, 3)
    text[1] = np.nan
    path = write(images=counted(4, 2, 2), text=text, model=np.array([0, -1, 2, 1]), kind=np.array([1.0, np.nan, 0, 0]))
    folder = source(path, columns={"text": "continuous", "model": "categorical", "kind": "categorical"})
    assert folder.describe().columns["text"] == Column("continuous", shape=(3,))
    rows = {split: Splits(folder)[split] for split in ("train", "test") if folder.describe().sizes[split]}
    text_of = torch.cat([split.columns["text"] for split in rows.values()])
    kinds = torch.cat([split.columns["kind"] for split in rows.values()])
    models = torch.cat([split.columns["model"] for split in rows.values()])
    missing = models == -1
    assert missing.sum() == 1
    assert text_of[missing].isnan().all()
    assert kinds[missing].tolist() == [-1]
    assert torch.equal(text_of[models == 2][0], torch.tensor([6.0, 7.0, 8.0]).double())


def test_images_of_a_group_are_in_one_split(write: Writer):
    people = np.arange(60) // 6
    path = write(images=counted(60, 2, 2), person=people)
    folder = source(path, columns={"person": "categorical"}, groups="person", test_fraction=0.3)
    of = {split: set(folder.load(split).columns["person"].tolist()) for split in ("train", "test")}
    assert of["test"]
    assert not of["train"] & of["test"]
    assert of["train"] | of["test"] == set(range(10))
    validated = source(path, columns={"person": "categorical"}, groups="person", test_fraction=0.3, validation=6)
    assert len(set(validated.open("validation").columns["person"].tolist())) == 1


def test_without_columns_there_are_none(write: Writer):
    folder = source(write(images=counted(3, 2, 2)))
    assert folder.describe().columns == {}
    assert folder.load("train").columns == {}


def test_the_former_name_of_columns_is_read_with_a_warning(write: Writer):
    path = write(images=counted(3, 2, 2), azimuth=np.arange(3.0))
    with pytest.warns(FutureWarning, match="the field 'factors' is now called 'columns'"):
        assert source(path, factors={"azimuth": "angle"}).columns == {"azimuth": "angle"}


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("continuous", np.array([0.0, 1.0]), r"'f' has shape \(2,\), but there are 3 images"),
        ("continuous", np.array([0.0, 1.0, np.inf]), "in the column 'f' infinite values"),
        ("continuous", np.array(["a", "b", "c"]), "columns have to be numbers"),
        ("categorical", np.array([0, 1, -2]), "in the column 'f' the category -2"),
        ("categorical", np.array([0.0, 1.0, 1.5]), "'f' has fractions"),
    ],
)
def test_factors_that_are_no_numbers_of_the_images_are_refused(tmp_path: Path, kind: str, values: np.ndarray, message):
    np.savez(tmp_path / "set.npz", images=counted(3, 2, 2), f=values)
    with pytest.raises((DataError, PluginError), match=message):
        Splits(source(tmp_path / "set.npz", columns={"f": kind}, test_fraction=0))["train"]


def test_a_factor_that_is_not_there_is_refused_with_the_nearest(write: Writer):
    path = write(images=counted(3, 2, 2), azimuth=np.arange(3))
    with pytest.raises(DataError, match="no array 'azimut'; did you mean 'azimuth'"):
        source(path, columns={"azimut": "angle"}).describe()


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
    assert faces.describe().columns == {"azimuth": Column("continuous"), "light": Column("continuous")}
    for split in ("train", "test"):
        loaded = faces.load(split)
        shown = loaded.images[:, 0, 0, 0].double()
        assert torch.equal(loaded.columns["azimuth"], shown * 2)
        assert torch.equal(loaded.columns["light"], -shown)


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
        (np.array([0, 1, -2]), "runs from -2 to 1: number the classes"),
        (np.array([7, 1007, 2007]), "runs from 7 to 2007: number the classes"),
    ],
)
def test_labels_that_are_no_classes_are_refused(write: Writer, labels: np.ndarray, message: str):
    folder = source(write(images=counted(3, 2, 2), labels=labels), labels="labels")
    for action in (folder.describe, lambda: folder.load("train")):
        with pytest.raises(DataError, match=f"'labels' {message}"):
            action()
