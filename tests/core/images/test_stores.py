"""Images in a store are used like those in memory."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_run import (
    DataError,
    DataInfo,
    FeedContext,
    ImageSet,
    ImageShape,
    ImageStore,
    PixelCodec,
    SelectedImages,
    ShuffledFeed,
    StoredImages,
)
from gan_run.core.images import image_cache
from gan_run.core.images.image_cache import Decoding, decode_once

SHAPE = ImageShape(3, 2, 5)
INFO = DataInfo(SHAPE, {"train": 7})
CPU = torch.device("cpu")
HEADER = b"what comes first"


@pytest.fixture
def pixels() -> Tensor:
    return torch.randint(0, 256, (7, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def stored(tmp_path: Path, pixels: Tensor) -> StoredImages:
    file = tmp_path / "images"
    file.write_bytes(HEADER + pixels.numpy().tobytes())
    return StoredImages(file, SHAPE, 7, len(HEADER))


def everything(images: ImageStore) -> Tensor:
    return images[torch.arange(images.shape[0])]


def test_they_are_read_in_the_order_in_which_they_are_asked_for(stored: StoredImages, pixels: Tensor) -> None:
    assert stored.shape == (7, 3, 2, 5)
    at = torch.tensor([6, 0, 0, 3])
    assert torch.equal(stored[at], pixels[at])


def test_some_of_them_and_a_part_of_those(stored: StoredImages, pixels: Tensor) -> None:
    some = SelectedImages(stored, torch.tensor([5, 1, 2, 6]))
    assert some.shape == (4, 3, 2, 5)
    assert torch.equal(everything(some), pixels[[5, 1, 2, 6]])
    assert torch.equal(everything(SelectedImages(some, torch.tensor([1, 2]))), pixels[[1, 2]])


class MemoryMap:
    """The store in the documentation's example."""

    dtype = torch.float32

    def __init__(self, path: Path) -> None:
        self._pixels = np.load(path, mmap_mode="r")
        self.shape = self._pixels.shape

    def __getitem__(self, rows: Tensor) -> Tensor:
        return torch.from_numpy(self._pixels[rows.numpy()])


def test_a_class_with_shape_type_and_rows_is_a_store(tmp_path: Path) -> None:
    values = torch.linspace(0, 1, 5 * 8).view(5, 1, 2, 4)
    np.save(tmp_path / "x.npy", values.numpy())
    images = ImageSet(MemoryMap(tmp_path / "x.npy"), codec=PixelCodec("float32", 0.0, 1.0))
    train, validation = images.split_off(2)
    assert torch.equal(validation.images, values[3:])
    torch.testing.assert_close(train.batch(torch.tensor([2, 0])).images, values[[2, 0]] * 2 - 1)


def test_a_file_that_was_cut_short_or_removed_is_named(stored: StoredImages, tmp_path: Path) -> None:
    file = tmp_path / "images"
    file.write_bytes(file.read_bytes()[:-1])
    assert len(stored[torch.tensor([5])]) == 1
    with pytest.raises(DataError, match="images ends before image 6"):
        stored[torch.tensor([6])]
    file.unlink()
    with pytest.raises(DataError, match="images cannot be read"):
        stored[torch.tensor([0])]


def test_a_set_of_them_is_as_one_in_memory(stored: StoredImages, pixels: Tensor) -> None:
    columns = {"label": torch.arange(7)}
    for mirrored in (False, True):
        ours, theirs = ImageSet(stored, columns, mirrored), ImageSet(pixels, columns, mirrored)
        assert (len(ours), ours.count) == (len(theirs), theirs.count)
        assert torch.equal(ours.images, theirs.images)
        for one, other in zip((ours, *ours.split_off(2)), (theirs, *theirs.split_off(2)), strict=True):
            for number in range(5):
                feeds = (ShuffledFeed(FeedContext(INFO, images.to(CPU), 3)) for images in (one, other))
                batch, expected = (feed.batch(number) for feed in feeds)
                assert torch.equal(batch.images, expected.images)
                assert torch.equal(batch.columns["label"], expected.columns["label"])


def test_the_cache_leaves_what_is_large_in_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(path: Path) -> Tensor:
        return torch.full((1, 2, 2), int(path.name), dtype=torch.uint8)

    files = [tmp_path / str(number) for number in range(5)]
    for file in files:
        file.touch()
    wanted = Decoding(files, ImageShape(1, 2, 2), {}, decode)
    small = decode_once(wanted, tmp_path / "cache").images
    monkeypatch.setattr(image_cache, "RESIDENT", 19)
    large = decode_once(wanted, tmp_path / "cache").images
    assert isinstance(small, Tensor)
    assert isinstance(large, StoredImages)
    assert torch.equal(everything(large), small)
