"""The tests that every data source passes."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest
import torch
from safetensors.torch import load, save

from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.images.feed import Feed, FeedContext, saves_position
from gan_run.core.images.image_set import Batch
from gan_run.core.images.info import Split
from gan_run.core.kinds.data_source import DataSource, Splits
from gan_run.testing.component import ComponentSuite
from gan_run.testing.rng import only_torch_rng

SPLITS: tuple[Split, ...] = ("train", "test")
BATCH_SIZE = 4


class DataSourceSuite(ComponentSuite):
    """Set `component` to a data source that the test can load; write the files that it needs in a fixture."""

    component: DataSource

    def test_its_splits_match_its_description(self) -> None:
        splits = Splits(self.component)
        self.component.check_sizes(splits.info)
        for split in SPLITS:
            if split in splits.info.sizes:  # a training split that is a stream is not
                images = splits[split]  # refuses sizes and columns that are not as described
                assert images.images.shape == (images.count, *splits.info.image)

    def test_it_gives_the_same_images_at_every_call(self) -> None:
        if self.component.describe().is_stream:
            return  # its feed is compared below
        with only_torch_rng():
            first, second = self.component.load("train"), self.component.load("train")
        assert torch.equal(first.images, second.images)

    def test_its_batches_are_images_between_minus_one_and_one(self) -> None:
        info = self.component.describe()
        (batch,) = self._read([0])
        assert batch.images.is_floating_point()
        assert batch.images.shape == (BATCH_SIZE, *info.image)
        assert batch.images.abs().max() <= 1
        assert batch.columns.keys() == info.columns.keys()
        for name, column in info.columns.items():
            mistake = column.mistake_in(batch.columns[name])
            assert mistake is None, f"in the column {name!r} of a batch there are {mistake}"

    def test_its_feed_gives_the_same_batches_when_it_is_opened_again(self) -> None:
        with only_torch_rng():
            before = torch.get_rng_state()
            first, again = self._read(range(3)), self._read(range(3))
            assert torch.equal(torch.get_rng_state(), before), (
                "its feed draws from torch's global generator: use FeedContext.generator"
            )
        assert_equal(first, again, "is another one when the feed is opened again")

    def test_its_feed_continues_where_a_run_was_interrupted(self) -> None:
        with self._feed() as feed:
            for number in range(2):
                feed.batch(number)
            position = feed.state()
            uninterrupted = [feed.batch(number) for number in (2, 3)]
        with self._feed() as feed:
            if saves_position(feed):
                feed.load_state(load(save(position)))
            elif self.component.restart:
                pytest.skip("`restart` says that a resumed run sees other images")
            resumed = [feed.batch(number) for number in (2, 3)]
        assert_equal(uninterrupted, resumed, "is another one after an interruption", first=2)

    def test_its_feed_gives_each_process_its_rows_of_a_batch(self) -> None:
        shares = [self._read(range(2), World(rank, 2)) for rank in range(2)]
        together = []
        for rows in zip(*shares, strict=True):
            columns = {name: torch.cat([share.columns[name] for share in rows]) for name in rows[0].columns}
            together.append(Batch(torch.cat([share.images for share in rows]), columns))
        assert_equal(self._read(range(2)), together, "is another one if two processes share it")

    @contextmanager
    def _feed(self, world: World = SINGLE) -> Iterator[Feed]:
        splits = Splits(self.component)
        context = FeedContext(splits.info, splits.training_images, BATCH_SIZE, world=world)
        with closing(self.component.checked_feed(context)) as feed:
            yield feed

    def _read(self, numbers: Sequence[int], world: World = SINGLE) -> list[Batch]:
        with self._feed(world) as feed:
            return [feed.batch(number) for number in numbers]


def assert_equal(expected: Sequence[Batch], found: Sequence[Batch], what: str, first: int = 0) -> None:
    """Assert that batches are the same, missing values included. `first` is the number of the first one."""
    for number, (one, other) in enumerate(zip(expected, found, strict=True), first):
        for name, values in {"images": one.images, **one.columns}.items():
            others = other.images if name == "images" else other.columns[name]
            torch.testing.assert_close(
                others, values, rtol=0, atol=0, equal_nan=True, msg=f"batch {number} {what}: see its {name}"
            )
