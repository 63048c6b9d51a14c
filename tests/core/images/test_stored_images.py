"""Images that stay in their file are as good as those in memory."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_run import DataError, ImageSet, ImageShape, StoredImages
from gan_run.core.images import image_cache
from gan_run.core.images.feed import Feed
from gan_run.core.images.image_cache import Decoding, decode_once

SHAPE = ImageShape(3, 2, 5)
HEADER = b"what comes first"


@pytest.fixture
def pixels() -> Tensor:
    return torch.randint(0, 256, (7, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def stored(tmp_path: Path, pixels: Tensor) -> StoredImages:
    file = tmp_path / "images"
    file.write_bytes(HEADER + pixels.numpy().tobytes())
    return StoredImages(file, SHAPE, range(7), len(HEADER))


def everything(images: StoredImages) -> Tensor:
    return images[torch.arange(len(images))]


def test_they_are_read_in_the_order_in_which_they_are_asked_for(stored: StoredImages, pixels: Tensor) -> None:
    assert stored.shape == (7, 3, 2, 5)
    at = torch.tensor([6, 0, 0, 3])
    assert torch.equal(stored[at], pixels[at])


def test_some_of_them_and_a_part_of_those(stored: StoredImages, pixels: Tensor) -> None:
    some = stored.select([5, 1, 2, 6])
    assert torch.equal(everything(some), pixels[[5, 1, 2, 6]])
    assert torch.equal(everything(some[1:3]), pixels[[1, 2]])
    assert torch.equal(everything(stored[5:].select([1])), pixels[[6]])


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
    labels = torch.arange(7)
    for mirrored in (False, True):
        ours, theirs = ImageSet(stored, labels, mirrored), ImageSet(pixels, labels, mirrored)
        assert (len(ours), ours.count) == (len(theirs), theirs.count)
        assert torch.equal(ours.images, theirs.images)
        for one, other in zip((ours, *ours.split_off(2)), (theirs, *theirs.split_off(2)), strict=True):
            for number in range(5):
                batch, expected = (Feed(images.to(torch.device("cpu")), 3, 0).batch(number) for images in (one, other))
                assert torch.equal(batch.images, expected.images)
                assert batch.labels is not None
                assert expected.labels is not None
                assert torch.equal(batch.labels, expected.labels)


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
