from collections.abc import Callable
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_run import (
    Column,
    DataError,
    DataInfo,
    DataSource,
    FeedContext,
    ImageSet,
    ImageShape,
    ShuffledFeed,
    Splits,
    to_float,
)


def numbered(count: int, mirrored: bool = False) -> ImageSet:
    """Image i is 1x2: its left pixel is i, its right one 100 + i; its label is i."""
    left = torch.arange(count, dtype=torch.uint8)
    return ImageSet(torch.stack([left, left + 100], 1).view(count, 1, 1, 2), {"label": torch.arange(count)}, mirrored)


def shuffled(images: ImageSet, batch: int, seed: int = 0) -> ShuffledFeed:
    return ShuffledFeed(FeedContext(DataInfo(images.image, {"train": images.count}), images, batch, seed))


def labels(feed: ShuffledFeed, number: int) -> list[int]:
    return [int(label) for label in feed.batch(number).columns["label"]]


@settings(max_examples=50)
@given(count=st.integers(1, 30), batch=st.integers(1, 40), epochs=st.integers(1, 3), seed=st.integers(0, 5))
def test_every_epoch_shows_every_image_once_whatever_the_batch_size(
    count: int, batch: int, epochs: int, seed: int
) -> None:
    feed = shuffled(numbered(count), batch, seed)
    batches = [labels(feed, number) for number in range(-(-count * epochs // batch))]
    assert all(len(found) == batch for found in batches)
    seen = [label for found in batches for label in found]
    for epoch in range(epochs):
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))


@settings(max_examples=50)
@given(count=st.integers(1, 30), batch=st.integers(1, 40), numbers=st.lists(st.integers(0, 50), min_size=1))
def test_batch_k_is_the_same_whoever_asks_and_in_whatever_order(count: int, batch: int, numbers: list[int]) -> None:
    wandering = shuffled(numbered(count), batch, seed=1)
    for number in numbers:
        assert labels(wandering, number) == labels(shuffled(numbered(count), batch, seed=1), number)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    feed = shuffled(numbered(30), 30, seed=0)
    assert labels(feed, 0) != list(range(30))
    assert labels(feed, 0) != labels(feed, 1)
    assert labels(feed, 0) != labels(shuffled(numbered(30), 30, seed=1), 0)


def test_the_order_draws_nothing_from_the_global_stream() -> None:
    before = torch.get_rng_state()
    shuffled(numbered(30), 7, seed=0).batch(9)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_batch_may_span_more_than_two_epochs() -> None:
    found = labels(
        shuffled(numbered(3), 8, seed=0), 1
    )  # places 8 to 15: one of epoch 2, epochs 3 and 4, one of epoch 5
    assert sorted(found[1:4]) == sorted(found[4:7]) == [0, 1, 2]


def test_images_are_normalised_and_keep_their_labels() -> None:
    images, columns = numbered(10).batch(torch.tensor([7, 2]))
    assert columns["label"].tolist() == [7, 2]
    expected = torch.tensor([[7, 107], [2, 102]]).view(2, 1, 1, 2) * 2 / 255 - 1
    torch.testing.assert_close(images, expected)


def test_images_without_columns_give_batches_without_columns() -> None:
    assert ImageSet(torch.zeros(3, 1, 2, 2, dtype=torch.uint8)).batch(torch.tensor([1])).columns == {}


def test_a_mirrored_set_has_every_image_twice_the_second_time_flipped() -> None:
    plain, mirrored = numbered(5), numbered(5, mirrored=True)
    assert (len(plain), len(mirrored)) == (5, 10)
    images, columns = mirrored.batch(torch.arange(10))
    assert torch.equal(images[:5], to_float(plain.images))
    assert torch.equal(images[5:], to_float(plain.images).flip(3))
    assert columns["label"].tolist() == [0, 1, 2, 3, 4] * 2


def test_an_epoch_of_a_mirrored_set_shows_both_sides_of_every_image() -> None:
    images = shuffled(numbered(5, mirrored=True), 10, seed=0).batch(0).images
    assert len({tuple(image.flatten().tolist()) for image in images}) == 10


def with_poses(count: int, mirrored: bool = False) -> ImageSet:
    """As `numbered`, with a vector (i, -i) for image i."""
    numbers = torch.arange(float(count))
    columns = {"label": torch.arange(count), "pose": torch.stack([numbers, -numbers], 1)}
    return ImageSet(numbered(count).images, columns, mirrored, names=[f"{number}.png" for number in range(count)])


def test_moving_a_set_keeps_images_columns_names_and_mirroring() -> None:
    moved = with_poses(4, mirrored=True).to(torch.device("cpu"))
    assert len(moved) == 8
    assert held(moved) == [0, 1, 2, 3]
    assert moved.columns["pose"].tolist() == [[0, 0], [1, -1], [2, -2], [3, -3]]
    assert moved.names == ["0.png", "1.png", "2.png", "3.png"]


def test_columns_and_names_stay_with_their_images_when_a_set_is_split_or_selected() -> None:
    first, last = with_poses(5).split_off(2)
    for part, numbers in ((first, [0, 1, 2]), (last, [3, 4]), (with_poses(5).select(torch.tensor([4, 0])), [4, 0])):
        assert held(part) == numbers
        assert part.columns["pose"].tolist() == [[number, -number] for number in numbers]
        assert part.names == [f"{number}.png" for number in numbers]
        assert part.batch(torch.tensor([1])).columns["pose"].tolist() == [[numbers[1], -numbers[1]]]


class Numbered(DataSource):
    type: Literal["numbered"] = "numbered"
    count: int = 10
    mirrored: bool = False
    test: int = 3

    def describe(self) -> DataInfo:
        names = tuple(str(number) for number in range(self.count))
        return DataInfo(
            ImageShape(1, 1, 2), {"train": self.count, "test": self.test}, {"label": Column("categorical", names)}
        )

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        return numbered(self.count if split == "train" else self.test, self.mirrored)


def held(images: ImageSet) -> list[int]:
    assert isinstance(images.labels, Tensor)
    assert torch.equal(images.images[:, 0, 0, 0].long(), images.labels)
    return images.labels.tolist()


@settings(max_examples=30)
@given(count=st.integers(1, 20), data=st.data())
def test_the_last_images_of_training_are_held_out_for_validation(count: int, data: st.DataObject) -> None:
    validation = data.draw(st.integers(0, count - 1))
    source = Numbered(count=count, validation=validation)
    assert held(source.open("train")) == list(range(count - validation))
    assert held(source.open("validation")) == list(range(count - validation, count))
    assert held(source.open("test")) == [0, 1, 2]


class WithValidation(Numbered):
    type: Literal["with-validation"] = "with-validation"

    def load_validation(self) -> ImageSet:
        return numbered(5)


def test_a_validation_split_of_the_datasets_own_is_used_unless_images_are_held_out() -> None:
    assert held(WithValidation().open("validation")) == [0, 1, 2, 3, 4]
    assert len(WithValidation().open("train")) == 10
    assert held(WithValidation(validation=2).open("validation")) == [8, 9]
    assert len(WithValidation(validation=2).open("train")) == 8


def test_training_is_mirrored_and_validation_is_not() -> None:
    source = Numbered(mirrored=True, validation=4)
    assert len(source.open("train")) == 12
    assert len(source.open("validation")) == 4


@pytest.mark.parametrize("validation", [10, 11])
def test_a_validation_split_that_leaves_nothing_is_refused_before_and_after_loading(validation: int) -> None:
    source = Numbered(validation=validation)
    with pytest.raises(DataError, match=f"{validation} leaves none of 10"):
        source.check_sizes(source.describe())
    with pytest.raises(DataError, match=f"{validation} leaves none of 10"):
        source.open("train")


def test_a_validation_split_that_leaves_something_passes() -> None:
    source = Numbered(validation=9)
    source.check_sizes(source.describe())
    assert len(source.open("train")) == 1


def test_a_split_is_opened_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    real: Callable[..., ImageSet] = Numbered.load

    def load(self: Numbered, split: Literal["train", "test"]) -> ImageSet:
        loaded.append(split)
        return real(self, split)

    monkeypatch.setattr(Numbered, "load", load)
    splits = Splits(Numbered())
    assert splits["test"] is splits["test"]
    assert len(splits["train"]) == 10
    assert loaded == ["test", "train"]


def test_an_empty_split_is_refused_with_what_to_set() -> None:
    with pytest.raises(DataError, match=r"validation split is empty: set data\.validation"):
        Splits(Numbered())["validation"]
    with pytest.raises(DataError, match="test split is empty"):
        Splits(Numbered(test=0))["test"]
