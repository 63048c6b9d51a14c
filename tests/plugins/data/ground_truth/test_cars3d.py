"""Cars3D, in small files of the authors' format."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.io import savemat

from gan_run import DataError, ImageShape, testing
from gan_run.plugins.data.ground_truth.cars3d import Cars3D


def write(folder: Path, car: int, **changed: Any) -> None:
    """A car whose picture is of one colour at the left, and of another at the right: car and azimuth, and elevation."""
    views = np.zeros((128, 128, 3, 24, 4), dtype=np.uint8)
    views[:, :64, 0] = 10 * car
    views[:, 64:, 1] = 10 * np.arange(24)[:, None]
    views[:, :, 2] = 50 * np.arange(4)
    content = {"im": views, "mask": np.zeros((128, 128, 24, 4), np.uint8)} | changed
    savemat(folder / f"car_{car:03}_mesh.mat", {name: array for name, array in content.items() if array is not None})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cars").mkdir()
    for car in (1, 2):
        write(tmp_path / "cars", car)
    (tmp_path / "cars" / "list.txt").write_text("car_001_mesh\ncar_002_mesh\n")
    return tmp_path / "cars"


def source(folder: Path, size: int = 64) -> Cars3D:
    return Cars3D(root=folder, size=size, test=20, cache=folder.parent / "cache")


@pytest.mark.parametrize("size", [64, 128])
def test_every_view_of_every_car_is_there_with_its_pose(folder: Path, size: int) -> None:
    cars = source(folder, size)
    info = cars.describe()
    assert (info.image, info.sizes) == (ImageShape(3, size, size), {"train": 172, "test": 20})
    assert info.class_names == ("car_001", "car_002")
    poses = []
    for split in ("train", "test"):
        found = cars.load(split)
        label, azimuth, elevation = (found.columns[name] for name in ("label", "azimuth", "elevation"))
        assert torch.equal(found.images[:, 0, size // 2, 1].long(), 10 * (1 + label))
        assert torch.equal(found.images[:, 1, size // 2, -2].double(), azimuth * 10 / 15)
        assert torch.equal(found.images[:, 2, 3, 3].double(), 50 * elevation)
        assert not found.images[:, 0, :, -2].any()  # left and right are not confused with above and below
        poses.append(torch.stack([label.double(), azimuth.double(), elevation.double()], dim=1))
    assert len(torch.cat(poses).unique(dim=0)) == 2 * 24 * 4


def test_a_folder_without_cars_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no \.mat files: fetch http\S+analogy-data\.tar\.gz and unpack it"):
        source(tmp_path).describe()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"im": None}, "im is missing"),
        ({"im": np.zeros((64, 64, 3, 24, 4), np.uint8)}, r"im is uint8 \(64, 64, 3, 24, 4\)"),
        ({"im": np.zeros((128, 128, 3, 24, 4), np.int8)}, "im is int8"),
    ],
)
def test_a_file_of_another_content_is_named(folder: Path, changed: dict[str, Any], message: str) -> None:
    write(folder, 2, **changed)
    with pytest.raises(DataError, match=rf"car_002_mesh\.mat cannot be read \({message}.*: delete it and fetch"):
        source(folder).load("train")


def test_a_file_cut_short_is_named(folder: Path) -> None:
    path = folder / "car_001_mesh.mat"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"car_001_mesh\.mat cannot be read .*: delete it and fetch it again"):
        source(folder).load("train")


class TestCars3D(testing.DataSourceSuite):
    @pytest.fixture(autouse=True)
    def cars(self, folder: Path) -> None:
        self.component = source(folder, size=8)
