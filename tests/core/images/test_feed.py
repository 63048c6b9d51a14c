"""Which images a batch has: drawing by index, batches of stored pixels, sources that wrap others."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from gan_run import (
    Column,
    DataError,
    DataInfo,
    DataSource,
    Feed,
    FeedContext,
    ImageSet,
    ImageShape,
    IndexFeed,
    PixelCodec,
    PluginError,
    SelectedImages,
    SpecError,
    Splits,
    WrappedSource,
    read_spec,
)
from gan_run.core.base.distributed import World

PIXELS = torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1)
INFO = DataInfo(ImageShape(1, 1, 1), {"train": 6}, {"number": Column("continuous")})
IMAGES = ImageSet(PIXELS, {"number": torch.arange(6.0)}, mirrored=True)


class Reversed(IndexFeed):
    """The last images first."""

    def indices(self, number: int) -> Tensor:
        first = number * self.context.batch_size
        return 5 - torch.arange(first, first + self.context.batch_size) % 6


@pytest.mark.parametrize("stays", [True, False])
def test_images_are_drawn_by_the_index_that_a_feed_gives(stays: bool) -> None:
    images = ImageSet(SelectedImages(PIXELS, torch.arange(6)), IMAGES.columns) if stays else IMAGES
    feed = Reversed(FeedContext(INFO, images, 4))
    assert feed.batch(0).columns["number"].tolist() == [5, 4, 3, 2]
    assert feed.batch(1).columns["number"].tolist() == [1, 0, 5, 4]


def test_each_process_has_its_rows() -> None:
    shares = [Reversed(FeedContext(INFO, IMAGES, 4, world=World(rank, 2))).batch(0) for rank in range(2)]
    assert [share.columns["number"].tolist() for share in shares] == [[5, 4], [3, 2]]


def test_random_numbers_of_a_batch_depend_on_seed_and_number_alone() -> None:
    def drawn(seed: int, number: int) -> float:
        return float(torch.rand((), generator=FeedContext(INFO, IMAGES, 4, seed).generator(number)))

    before = torch.get_rng_state()
    assert drawn(0, 1) == drawn(0, 1)
    assert len({drawn(0, 0), drawn(0, 1), drawn(1, 0), drawn(1, 1)}) == 4
    assert torch.equal(torch.get_rng_state(), before)


def test_stored_pixels_become_this_processs_rows_in_the_range_of_networks() -> None:
    info = DataInfo(ImageShape(1, 1, 1), {}, codec=PixelCodec("float32", 0.0, 4.0))
    pixels = torch.tensor([0.0, 1.0, 2.0, 4.0]).view(4, 1, 1, 1)
    context = FeedContext(info, None, 4, world=World(1, 2))
    batch = context.batch(pixels, {"label": torch.tensor([3, 1, 0, 2])})
    assert batch.images.flatten().tolist() == [0.0, 1.0]
    assert batch.columns["label"].tolist() == [0, 2]


def test_nothing_is_drawn_by_index_of_a_stream() -> None:
    with pytest.raises(PluginError, match="Reversed draws images by index, and the training split is a stream"):
        Reversed(FeedContext(INFO, None, 4))


class Six(DataSource):
    """Six images; or as many in a stream that it forgets to read."""

    type: Literal["six"] = "six"
    stream: bool = False

    def describe(self) -> DataInfo:
        return DataInfo(INFO.image, {"test": 2} if self.stream else {"train": 6, "test": 2}, INFO.columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        return IMAGES if split == "train" else IMAGES.select(torch.arange(2))


class Backwards(WrappedSource):
    """Another source from its end to its beginning."""

    type: Literal["backwards"] = "backwards"

    def feed(self, context: FeedContext) -> Feed:
        return Reversed(context)


def test_a_source_that_wraps_another_changes_what_it_overrides() -> None:
    source = Backwards(source=Six(), validation=2)
    splits = Splits(source)
    assert (splits["train"].count, splits["validation"].count, splits["test"].count) == (4, 2, 2)
    context = FeedContext(splits.info, splits.training_images, 4)
    assert isinstance(source.checked_feed(context), Reversed)
    with pytest.raises(DataError, match="6 leaves none of 6"):
        Backwards(source=Six(), validation=6).check_sizes(splits.info)


def test_validation_and_restart_are_given_to_the_outer_source(small: object) -> None:
    assert callable(small)
    source = Backwards(source=Six(validation=2, restart=True))
    with pytest.raises(SpecError) as refused:
        read_spec(small(data=source), components=[Six, Backwards])
    assert [str(problem) for problem in refused.value.problems] == [
        "data.source.validation: give it outside, as data.validation",
        "data.source.restart: give it outside, as data.restart",
    ]


def test_a_stream_has_no_set_of_training_images_and_nothing_to_hold_out() -> None:
    source = Six(stream=True)
    splits = Splits(source)
    assert splits.training_images is None
    assert splits["test"].count == 2
    with pytest.raises(DataError, match="the train split is a stream"):
        splits["train"]
    with pytest.raises(DataError, match="the validation split is empty"):
        splits["validation"]
    source.check_sizes(splits.info)
    with pytest.raises(DataError, match=r"data\.validation: the training split is a stream"):
        Six(stream=True, validation=1).check_sizes(splits.info)


def test_a_stream_brings_a_feed() -> None:
    with pytest.raises(PluginError, match="so it is a stream: override `feed`"):
        Six(stream=True).feed(FeedContext(INFO, None, 4))


def test_restart_is_refused_where_nothing_begins_anew() -> None:
    with pytest.raises(SpecError, match=r"data\.restart: six continues where it was"):
        Six(restart=True).checked_feed(FeedContext(INFO, IMAGES, 4))
