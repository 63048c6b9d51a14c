"""The tests that every data source passes."""

import torch

from gan_run.core.kinds.data_source import DataSource
from gan_run.testing.component import ComponentSuite
from gan_run.testing.rng import only_torch_rng


class DataSourceSuite(ComponentSuite):
    """Set `component` to a data source that the test can load; write the files that it needs in a fixture."""

    component: DataSource

    def test_its_splits_match_its_description(self) -> None:
        info = self.component.describe()
        self.component.check_sizes(info)
        for split in ("train", "test"):
            images = self.component.load(split)
            assert images.images.dtype == torch.uint8
            assert images.images.shape == (info.sizes[split], *info.image)
            assert (images.labels is None) is (info.class_names is None)
            if images.labels is not None and info.class_names is not None:
                assert images.labels.dtype == torch.int64
                assert images.labels.shape == (info.sizes[split],)
                assert 0 <= images.labels.min() <= images.labels.max() < len(info.class_names)
            assert (images.factors is None) is (not info.factors)
            if images.factors is not None:
                assert images.factors.shape == (info.sizes[split], len(info.factors))

    def test_it_gives_the_same_images_at_every_call(self) -> None:
        with only_torch_rng():
            first, second = self.component.load("train"), self.component.load("train")
        assert torch.equal(first.images, second.images)

    def test_its_batches_are_images_between_minus_one_and_one(self) -> None:
        batch = self.component.open("train").batch(torch.tensor([0]))
        assert batch.images.is_floating_point()
        assert batch.images.abs().max() <= 1
