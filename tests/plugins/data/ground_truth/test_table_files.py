"""dSprites and 3D Shapes, in small files of their authors' formats."""

import hashlib
import itertools
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import hub

from gan_run import DataError, ImageShape, testing
from gan_run.core.images import image_cache
from gan_run.plugins.data.ground_truth import shapes3d, table_file
from gan_run.plugins.data.ground_truth.dsprites import DSprites
from gan_run.plugins.data.ground_truth.shapes3d import Shapes3D
from gan_run.plugins.data.ground_truth.table_file import TableFile

SPRITES = "dsprites_ndarray_co1sh3sc6ori40x32x32_64x64.npz"


def numbered(count: int, channels: int, high: int) -> np.ndarray:
    """Images (count, 64, 64, channels), the first pixels of which are the number of the image in binary digits."""
    images = np.zeros((count, 64, 64, channels), dtype=np.uint8)
    images[:, 0, :16] = (np.arange(count)[:, None, None] >> np.arange(16)[:, None] & 1) * high
    images[:, 5, 0, 0] = high
    return images


def numbers(images: torch.Tensor, high: int) -> list[int]:
    return ((images[:, 0, 0, :16] // high).long() << torch.arange(16)).sum(1).tolist()


def write_dsprites(folder: Path, **changed: Any) -> Path:
    """3 shapes, 2 scales, 4 orientations, 3x2 positions, as in the published file."""
    turns = np.linspace(0, 2 * np.pi, 4)
    values = [[1.0], [1.0, 2.0, 3.0], [0.5, 1.0], turns, [0.0, 0.5, 1.0], [0.0, 1.0]]
    classes = np.array(list(itertools.product(*(range(len(known)) for known in values))))
    arrays = {
        "imgs": numbered(len(classes), 1, 1)[..., 0],
        "latents_values": np.array(list(itertools.product(*values))),
        "latents_classes": classes,
        "metadata": np.array({"title": "dSprites"}, dtype=object),
    }
    wanted = {name: array for name, array in (arrays | changed).items() if array is not None}
    np.savez_compressed(folder / SPRITES, **wanted)
    return folder


def write_shapes3d(folder: Path, **changed: Any) -> Path:
    """2 hues of the floor, 3 of the wall, 2 of the object, 2 scales, 4 shapes, 3 orientations."""
    values = [[0.0, 0.5], [0.0, 0.1, 0.9], [0.2, 0.3], [0.75, 1.25], [0.0, 1.0, 2.0, 3.0], [-30.0, 0.0, 30.0]]
    labels = np.array(list(itertools.product(*values)))
    with h5py.File(folder / "3dshapes.h5", "w") as file:
        for name, array in ({"images": numbered(len(labels), 3, 255), "labels": labels} | changed).items():
            # Chunks of many images and few pixels each, as h5py chooses them for the published file.
            chunks = (60, 4, 8, 1) if name == "images" and array.shape[1:] == (64, 64, 3) else None
            file.create_dataset(name, data=array, compression="gzip", chunks=chunks or True)
    return folder


def dsprites(folder: Path) -> DSprites:
    return DSprites(root=folder, test=40, cache=folder / "cache")


def shapes(folder: Path) -> Shapes3D:
    return Shapes3D(root=folder, test=40, cache=folder / "cache", download=False)


def both(source: TableFile, high: int) -> dict[int, dict[str, float]]:
    """The factors of all images of both splits, by the number in the image."""
    found = {}
    for split in ("train", "test"):
        images = source.load(split)
        for row, number in enumerate(numbers(images.images, high)):
            found[number] = {name: float(values[row]) for name, values in images.columns.items()}
    return found


def test_dsprites_has_the_images_and_factors_of_the_published_file(tmp_path: Path) -> None:
    source = dsprites(write_dsprites(tmp_path))
    info = source.describe()
    assert (info.image, info.sizes) == (ImageShape(1, 64, 64), {"train": 104, "test": 40})
    assert info.class_names == ("square", "ellipse", "heart")
    assert {name: column.kind for name, column in info.columns.items()} == {
        "label": "categorical", "scale": "continuous", "orientation": "angle", "x": "continuous", "y": "continuous",
    }  # fmt: skip
    found = both(source, 1)
    assert sorted(found) == list(range(144))
    # The last factor changes first: 144 = 3 shapes x 2 scales x 4 orientations x 3 x 2.
    assert found[0] == {"label": 0, "scale": 0.5, "orientation": 0, "x": 0, "y": 0}
    assert found[1]["y"] == 1
    assert found[2]["x"] == 0.5
    assert found[6]["orientation"] == pytest.approx(120)
    assert found[48 + 24 + 3 * 6] == {"label": 1, "scale": 1, "orientation": 360, "x": 0, "y": 0}
    assert found[143]["label"] == 2


def test_its_pixels_are_minus_one_and_one_in_networks(tmp_path: Path) -> None:
    batch = dsprites(write_dsprites(tmp_path)).load("train").batch(torch.arange(10))
    assert set(batch.images.unique().tolist()) == {-1.0, 1.0}
    assert (batch.images[:, 0, 5, 0] == 1).all()


def test_shapes3d_has_the_images_and_factors_of_the_published_file(tmp_path: Path) -> None:
    source = shapes(write_shapes3d(tmp_path))
    info = source.describe()
    assert (info.image, info.sizes) == (ImageShape(3, 64, 64), {"train": 248, "test": 40})
    assert info.class_names == ("cube", "cylinder", "sphere", "capsule")
    found = both(source, 255)
    assert sorted(found) == list(range(288))
    first = {"label": 0, "floor_hue": 0, "wall_hue": 0, "object_hue": 72, "scale": 0.75, "orientation": -30}
    assert found[0] == pytest.approx(first)
    assert found[3 + 12] == pytest.approx(first | {"label": 1, "scale": 1.25})
    assert found[287] == pytest.approx(
        {"label": 3, "floor_hue": 180, "wall_hue": 324, "object_hue": 108, "scale": 1.25, "orientation": 30}
    )
    assert info.columns["floor_hue"].kind == "angle"
    red = source.load("train").images[:, :, 5, 0]
    assert (red == torch.tensor([255, 0, 0])).all()


def test_memory_holds_a_block_of_the_images_while_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = 2000 * 64 * 64 * 3
    write_shapes3d(tmp_path, images=numbered(2000, 3, 255), labels=np.zeros((2000, 6)))
    monkeypatch.setattr(image_cache, "RESIDENT", 0)
    monkeypatch.setattr(table_file, "BLOCK", 100)
    tracemalloc.start()  # numpy tells it of its arrays
    images = shapes(tmp_path).load("train")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not images.in_memory
    assert peak < whole / 4


def test_without_h5py_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shapes3d(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(DataError, match=r"3dshapes\.h5: .* pip install 'gan-run\[hdf5\]'$"):
        shapes(tmp_path).describe()


def test_a_missing_file_is_named_with_where_it_is_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"{tmp_path}/{SPRITES} is missing: fetch it from https://\S+, and set"):
        dsprites(tmp_path).describe()
    with pytest.raises(DataError, match=r"3dshapes\.h5 is missing: set data\.root .* or data\.download to true"):
        shapes(tmp_path).describe()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"imgs": None}, "has no array 'imgs'"),
        ({"latents_values": None}, "has no array 'latents_values'"),
        ({"imgs": np.zeros((144, 32, 32), np.uint8)}, r"imgs is uint8 \(144, 32, 32\), not uint8 \(144, 64, 64\)"),
        ({"imgs": np.zeros((144, 64, 64), np.float32)}, "imgs is float32"),
        ({"imgs": np.zeros((100, 64, 64), np.uint8)}, r"latents_values has shape \(144, 6\), not \(100, 6\)"),
        ({"latents_values": np.ones((144, 5))}, r"latents_values has shape \(144, 5\), not \(144, 6\)"),
        ({"imgs": np.full((144, 64, 64), 255, np.uint8)}, "imgs has pixels up to 255, not 1"),
        ({"latents_values": np.full((144, 6), 9.0)}, "of the factor label it has categories up to 8 for 3 names"),
    ],
)
def test_a_file_of_another_content_is_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    write_dsprites(tmp_path, **changed)
    with pytest.raises(DataError, match=rf"{SPRITES}.*{message}.*: delete it and fetch "):
        dsprites(tmp_path).load("train")


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.98])
def test_a_file_cut_short_is_named(tmp_path: Path, kept: float) -> None:
    for write, name, source in ((write_dsprites, SPRITES, dsprites), (write_shapes3d, "3dshapes.h5", shapes)):
        path = write(tmp_path) / name
        content = path.read_bytes()
        path.write_bytes(content[: int(kept * len(content))])
        with pytest.raises(DataError, match=rf"{name} cannot be read .*: delete it and fetch {name} again"):
            source(tmp_path).load("train")


def test_more_test_images_than_there_are_is_refused(tmp_path: Path) -> None:
    write_dsprites(tmp_path)
    with pytest.raises(DataError, match=r"data\.test: 73728 leaves none of 144 images"):
        DSprites(root=tmp_path).describe()


def test_a_download_is_kept_if_its_sha256_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = write_shapes3d(tmp_path) / "3dshapes.h5"
    monkeypatch.setattr(shapes3d, "ADDRESS", tmp_path.as_uri())
    source = Shapes3D(root=tmp_path / "root", test=40, cache=tmp_path / "cache")
    assert source.describe().sizes == {"train": 480000 - 40, "test": 40}  # as published
    assert not (tmp_path / "root").exists()
    with pytest.raises(DataError, match=r"3dshapes\.h5 is missing: the download failed\. Fetch 3dshapes\.h5 from"):
        source.load("test")
    assert list((tmp_path / "root").iterdir()) == []
    monkeypatch.setattr(shapes3d, "SHA256", hashlib.sha256(published.read_bytes()).hexdigest())
    assert source.load("test").count == 40
    monkeypatch.setattr(hub, "download_url_to_file", None)  # it is not downloaded again
    assert source.describe().sizes == {"train": 248, "test": 40}
    assert source.load("train").count == 248


class TestDSprites(testing.DataSourceSuite):
    @pytest.fixture(autouse=True)
    def published(self, tmp_path: Path) -> None:
        self.component = dsprites(write_dsprites(tmp_path))


class TestShapes3D(testing.DataSourceSuite):
    @pytest.fixture(autouse=True)
    def published(self, tmp_path: Path) -> None:
        self.component = shapes(write_shapes3d(tmp_path))
