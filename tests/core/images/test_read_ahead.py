"""Batches that threads read ahead are those that the step itself would read."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_run import Batch, DataError, DataInfo, Feed, FeedContext, ImageSet, ImageShape, ShuffledFeed
from gan_run.core.images.read_ahead import AHEAD, ReadAhead

COUNT = 23
PIXELS = torch.arange(COUNT, dtype=torch.uint8).view(COUNT, 1, 1, 1)
INFO = DataInfo(ImageShape(1, 1, 1), {"train": COUNT})


class Slow:
    """A store in which each read takes some milliseconds, and one image cannot be read."""

    dtype = torch.uint8
    shape = tuple(PIXELS.shape)

    def __init__(self, seconds: float = 0.0, broken: int = -1) -> None:
        self.reads: list[list[int]] = []
        self.threads: set[str] = set()
        self._seconds = seconds
        self._broken = broken

    def __getitem__(self, rows: Tensor) -> Tensor:
        self.threads.add(threading.current_thread().name)
        self.reads.append(rows.tolist())
        time.sleep(self._seconds)
        if self._broken in rows.tolist():
            raise DataError(f"image {self._broken} is damaged")
        return PIXELS[rows]


def feed_of(store: Slow | Tensor, per_step: int = 1) -> ReadAhead:
    images = ImageSet(store, {"label": torch.arange(COUNT)})
    return ReadAhead(ShuffledFeed(FeedContext(INFO, images, 4)), per_step)


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.images, other.images) and torch.equal(one.columns["label"], other.columns["label"])


@settings(max_examples=40)
@given(
    per_step=st.integers(1, 6),
    updates=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    first=st.integers(0, 9),
    seconds=st.sampled_from([0.0, 0.0003]),
)
def test_the_players_of_a_step_get_the_batches_of_images_in_memory(
    per_step: int, updates: list[int], first: int, seconds: float
) -> None:
    memory = feed_of(PIXELS)
    with closing(feed_of(Slow(seconds), per_step)) as ahead:
        for step in range(first, first + 4):
            for player in updates:
                for update in range(min(player, per_step)):
                    number = step * per_step + update
                    assert same(ahead.batch(number), memory.batch(number))


@settings(max_examples=20)
@given(numbers=st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_any_number_may_be_asked_for_in_any_order(numbers: list[int]) -> None:
    memory = feed_of(PIXELS)
    with closing(feed_of(Slow(), 3)) as ahead:
        assert all(same(ahead.batch(number), memory.batch(number)) for number in numbers)


def test_a_batch_that_several_players_take_is_read_once() -> None:
    store = Slow()
    with closing(feed_of(store, 5)) as ahead:
        for _ in range(3):
            for number in range(5):
                ahead.batch(number)
    assert len(store.reads) == len({tuple(rows) for rows in store.reads}) <= 5 + AHEAD


def test_gradients_of_a_batch_in_one_update_do_not_reach_the_next() -> None:
    with closing(feed_of(Slow())) as ahead:
        ahead.batch(0).images.requires_grad_()
        assert not ahead.batch(0).images.requires_grad


def test_images_in_memory_are_taken_in_the_step_itself() -> None:
    with closing(feed_of(PIXELS)) as ahead:
        ahead.batch(0)
        assert readers() == []


def test_reading_takes_place_beside_the_steps() -> None:
    store, waited = Slow(seconds=0.005), 0.0
    with closing(feed_of(store)) as ahead:
        ahead.batch(0)
        for number in range(1, 21):
            time.sleep(0.02)
            begin = time.perf_counter()
            ahead.batch(number)
            waited += time.perf_counter() - begin
    assert waited < 0.05  # 0.1 if each step waited for its batch
    assert all(name.startswith("read-ahead") for name in store.threads)


def test_an_error_surfaces_in_its_own_step_with_its_own_type() -> None:
    memory = feed_of(PIXELS)
    damaged = next(number for number in range(6) if 7 in memory.batch(number).columns["label"])
    with closing(feed_of(Slow(broken=7))) as ahead:
        for number in range(damaged):
            ahead.batch(number)
        with pytest.raises(DataError, match="image 7 is damaged"):
            ahead.batch(damaged)


def test_its_threads_end_when_it_is_closed() -> None:
    ahead = feed_of(Slow(seconds=0.01))
    ahead.batch(0)
    assert readers()
    ahead.close()
    assert readers() == []


class Counting(Feed):
    """A stream of the numbers 0, 1, 2, … up to an end."""

    def __init__(self, end: int = 100) -> None:
        self._numbers = iter(range(end))
        self._position = 0
        self._end = end
        self.threads: set[int] = set()

    def batch(self, number: int) -> Batch:
        self.threads.add(threading.get_ident())
        value = next(self._numbers)
        self._position = value + 1
        return Batch(torch.tensor([float(value)]), {})

    def state(self) -> dict[str, Tensor]:
        return {"position": torch.tensor(self._position)}

    def load_state(self, state: dict[str, Tensor]) -> None:  # type: ignore[override]  # the test gives a dict
        self._position = int(state["position"])
        self._numbers = iter(range(self._position, self._end))


def values(feed: Feed, numbers: range) -> Iterator[float]:
    return (float(feed.batch(number).images) for number in numbers)


def test_the_position_of_a_stream_is_that_of_the_batches_that_were_taken() -> None:
    with closing(ReadAhead(Counting(), per_step=3)) as ahead:
        assert int(ahead.state()["position"]) == 0
        assert list(values(ahead, range(6))) == list(range(6))
        assert list(values(ahead, range(3, 5))) == [3, 4]  # another player's
        time.sleep(0.01)  # in which more is read
        position = ahead.state()
    assert int(position["position"]) == 6
    stream = Counting()
    with closing(ReadAhead(stream, per_step=3)) as resumed:
        resumed.load_state(position)
        assert list(values(resumed, range(6, 12))) == list(range(6, 12))
    assert len(stream.threads) == 1


def test_a_stream_skips_nothing_when_a_player_goes_back_to_the_first_batch_of_a_step() -> None:
    with closing(ReadAhead(Counting(), per_step=2)) as ahead:
        for step in range(20):
            assert list(values(ahead, range(2 * step, 2 * step + 2))) == [2 * step, 2 * step + 1]
            assert list(values(ahead, range(2 * step, 2 * step + 1))) == [2 * step]


def test_a_position_may_be_loaded_after_batches_were_taken() -> None:
    with closing(ReadAhead(Counting(), per_step=1)) as ahead:
        list(values(ahead, range(5)))
        ahead.load_state({"position": torch.tensor(2)})
        assert int(ahead.state()["position"]) == 2
        assert list(values(ahead, range(2, 4))) == [2, 3]


def test_the_end_of_a_stream_is_an_error_only_when_its_batch_is_asked_for() -> None:
    with closing(ReadAhead(Counting(end=4), per_step=1)) as ahead:
        assert list(values(ahead, range(4))) == [0, 1, 2, 3]
        with pytest.raises(DataError, match="the stream of training images ended before batch 4"):
            ahead.batch(4)
