"""What holds of every metric and every artifact."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch

from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.metric import Metric
from gan_run.core.kinds.model import Model
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import Noise, begin

INFORMATION = {"type": "mutual-information", "codes": {"category": 1.0, "c": 1.0}}


class ModelUserSuite(ComponentSuite):
    """`component` looks at a model: that of a small game with the codes `category` and `c`, trained for three steps on
    noise with three classes."""

    component: Component
    fields: ClassVar[Mapping[str, object]] = {}
    """Of the spec, in place of the small game's."""

    def model(self) -> Model:
        """What is looked at."""
        training = begin(None, {"losses": [{"type": "non-saturating"}, INFORMATION], **self.fields})
        for _ in range(3):
            training.advance()
        return training.model()


class MetricSuite(ModelUserSuite):
    """`component` is a metric."""

    component: Metric

    def test_what_it_finds_can_be_written_down_and_comes_out_the_same_again(self) -> None:
        model, data = self.model(), Splits(Noise())
        torch.manual_seed(0)
        found = self.component.measure(model, data)
        assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
        torch.manual_seed(0)
        assert self.component.measure(model, data) == found

    def test_it_leaves_the_model_as_it_was(self) -> None:
        model = self.model()
        images = torch.rand(6, *model.image)
        before, drawn = model.encode(images), model.sample(4, seed=1)
        self.component.measure(model, Splits(Noise()))
        after = model.encode(images)
        assert torch.equal(model.sample(4, seed=1), drawn)
        assert all(torch.equal(before[code], after[code]) for code in before)


class ArtifactSuite(ModelUserSuite):
    """`component` is an artifact."""

    component: Artifact

    def test_it_writes_what_it_draws_beside_the_stem(self, tmp_path: Path) -> None:
        self.component.render(self.model(), Splits(Noise()), tmp_path / "step-00000003")
        written = sorted(path.name for path in tmp_path.iterdir())
        assert written
        assert all(name.startswith("step-00000003") for name in written)
