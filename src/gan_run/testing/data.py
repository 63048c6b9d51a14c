"""The tests that every data source passes."""

import torch

from gan_run.core.images.info import Split
from gan_run.core.kinds.data_source import DataSource, Splits
from gan_run.testing.component import ComponentSuite
from gan_run.testing.rng import only_torch_rng

SPLITS: tuple[Split, ...] = ("train", "test")


class DataSourceSuite(ComponentSuite):
    """Set `component` to a data source that the test can load; write the files that it needs in a fixture."""

    component: DataSource

    def test_its_splits_match_its_description(self) -> None:
        splits = Splits(self.component)
        self.component.check_sizes(splits.info)
        for split in SPLITS:
            images = splits[split]  # refuses sizes and columns that are not as described
            assert images.images.shape == (images.count, *splits.info.image)

    def test_it_gives_the_same_images_at_every_call(self) -> None:
        with only_torch_rng():
            first, second = self.component.load("train"), self.component.load("train")
        assert torch.equal(first.images, second.images)

    def test_its_batches_are_images_between_minus_one_and_one(self) -> None:
        batch = self.component.open("train").batch(torch.tensor([0]))
        assert batch.images.is_floating_point()
        assert batch.images.abs().max() <= 1
