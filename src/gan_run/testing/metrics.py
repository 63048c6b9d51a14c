"""The tests that every metric and every artifact passes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.metric import Headline, Metric
from gan_run.core.kinds.model import Model
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import Noise, begin

INFORMATION = {"type": "mutual-information", "codes": {"category": 1.0, "c": 1.0}}


@pytest.mark.filterwarnings("ignore::UserWarning")  # what a metric says of a model that has hardly been trained
class ModelUserSuite(ComponentSuite):
    """Set `component` to a metric or an artifact. It gets a model with the codes `category` and `c`, trained for three
    steps on noise of three classes."""

    component: Component
    fields: ClassVar[Mapping[str, object]] = {}
    """Fields of the spec that replace the small spec's own."""

    def model(self) -> Model:
        """The trained model."""
        training = begin(None, {"losses": [{"type": "non-saturating"}, INFORMATION], **self.fields})
        for _ in range(3):
            training.advance()
        return training.model()


class MetricSuite(ModelUserSuite):
    """Set `component` to a metric."""

    component: Metric

    def test_its_result_is_json_and_reproducible(self) -> None:
        model, data = self.model(), Splits(Noise())
        torch.manual_seed(0)
        found = self.component.measure(model, data)
        assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
        torch.manual_seed(0)
        assert self.component.measure(model, data) == found

    def test_its_headlines_are_found(self) -> None:
        found, headlines = self.component.measure(self.model(), Splits(Noise())), self.component.headlines
        assert all(isinstance(headline, Headline) for headline in headlines), "`headlines` holds `Headline(path)`s"
        used = {self.component.headline_of(path) for path in self.component.headline(found)}
        assert used == set(headlines), f"no number is at {', '.join(each.path for each in set(headlines) - used)}"

    def test_it_does_not_change_the_model(self) -> None:
        model = self.model()
        images = torch.rand(6, *model.image)
        before, drawn = model.encode(images), model.sample(4, seed=1)
        self.component.measure(model, Splits(Noise()))
        after = model.encode(images)
        assert torch.equal(model.sample(4, seed=1), drawn)
        assert all(torch.equal(before[code], after[code]) for code in before)


class ArtifactSuite(ModelUserSuite):
    """Set `component` to an artifact."""

    component: Artifact

    def test_it_writes_files_whose_names_begin_with_the_stem(self, tmp_path: Path) -> None:
        self.component.render(self.model(), Splits(Noise()), tmp_path / "step-00000003")
        written = sorted(path.name for path in tmp_path.iterdir())
        assert written
        assert all(name.startswith("step-00000003") for name in written)
