from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_run import DataError, ImageShape
from gan_run.core.images.splitting import in_test_split
from gan_run.plugins.data.array.faces import Faces
from gan_run.plugins.data.array.source import Array

RENDERED = Path(__file__).parents[4] / "shared" / "data" / "rendered"


needs_renders = pytest.mark.skipif(
    not RENDERED.is_dir(), reason="the renders are not beside the repository (shared/data/rendered)"
)


Writer = Callable[..., Path]


def counted(*shape: int) -> np.ndarray:
    return (np.arange(np.prod(shape)) % 256).astype(np.uint8).reshape(shape)


def source(path: Path, **fields: Any) -> Array:
    return Array(**{"path": path, "test_fraction": 0} | fields)


def test_the_splits_are_those_of_the_indices_hashes(write: Writer):
    path = write(images=np.repeat(np.arange(200, dtype=np.uint8), 4).reshape(200, 2, 2))
    folder = source(path, test_fraction=0.25)
    expected = [index for index in range(200) if in_test_split(str(index), 0.25)]
    test, train = (folder.load(split).images[:, 0, 0, 0].tolist() for split in ("test", "train"))
    assert 25 < len(expected) < 75
    assert sorted(test) == expected
    assert sorted(test + train) == list(range(200))
    assert folder.describe().sizes == {"train": len(train), "test": len(test)}


def test_held_out_validation_images_are_a_sample_of_a_sorted_array(write: Writer):
    path = write(images=np.repeat(np.arange(200, dtype=np.uint8), 4).reshape(200, 2, 2))
    validation = source(path, validation=40).open("validation").images[:, 0, 0, 0].float()
    assert validation.mean().item() == pytest.approx(99.5, abs=30)  # a sample's mean is off by 9, the last 40's by 80
    assert torch.equal(validation, source(path, validation=40).open("validation").images[:, 0, 0, 0].float())


def test_no_image_left_to_train_on_is_an_error(write: Writer):
    with pytest.raises(DataError, match="leaves none of 1 images to train on"):
        source(write(images=counted(1, 2, 2)), test_fraction=0.999999).describe()


@needs_renders
def test_rendered_faces_are_read():
    folder = Array(path=RENDERED / "faces-32.npz")
    info = folder.describe()
    assert info.image == ImageShape(1, 32, 32)
    assert sum(info.sizes.values()) == 20_000
    assert 1850 < info.sizes["test"] < 2150
    assert len(folder.load("test")) == info.sizes["test"]


@needs_renders
def test_rendered_faces_carry_their_five_factors():
    faces = Faces(path=RENDERED / "faces-32.npz")
    names = list(faces.describe().factors)
    assert names == ["azimuth_deg", "elevation_deg", "light_azimuth_deg", "width", "mouth_open"]
    assert faces.load("test").columns["azimuth_deg"].abs().max() <= 60


@needs_renders
def test_rendered_chairs_are_read_with_their_model_as_class():
    folder = Array(path=RENDERED / "chairs-64.npz", labels="model_id")
    info = folder.describe()
    assert info.image == ImageShape(3, 64, 64)
    assert sum(info.sizes.values()) == 3534
    assert info.class_names is not None
    assert len(info.class_names) == 57
    corners = folder.load("train").images[:, :, 0, 0].float()
    assert corners.mean() > 250  # they stand on white
