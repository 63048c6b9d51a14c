"""A small game: 8x8 images, fully connected networks, every kind of code."""

from collections.abc import Callable, Mapping
from typing import Literal

import pytest
import torch

from gan_run import Column, DataInfo, DataSource, Discriminator, ImageSet, ImageShape, Spec
from gan_run.core.engine.training import Training
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.mlp.networks import MLPGenerator, MLPTrunk
from gan_run.plugins.training.optimizers.adam import Adam


class Tiny(DataSource):
    """Random images, the same at each call."""

    type: Literal["tiny"] = "tiny"
    images: int = 20
    side: int = 8
    labelled: bool = True

    def describe(self) -> DataInfo:
        columns = {"label": Column("categorical", ("even", "odd"))} if self.labelled else {}
        return DataInfo(ImageShape(1, self.side, self.side), {"train": self.images, "test": 4}, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        count = self.images if split == "train" else 4
        generator = torch.Generator().manual_seed(count)
        images = torch.randint(0, 256, (count, 1, self.side, self.side), dtype=torch.uint8, generator=generator)
        return ImageSet(images, {"label": torch.arange(count) % 2} if self.labelled else {})


@pytest.fixture
def tiny() -> type[Tiny]:
    return Tiny


@pytest.fixture
def make_spec() -> Callable[..., Spec]:
    """A spec of the small game; `train` adds to its defaults, every other field replaces them."""

    def make(train: Mapping[str, object] | None = None, **changes: object) -> Spec:
        fields: dict[str, object] = {
            "name": "small",
            "data": Tiny(),
            "latents": {
                "z": Uniform(count=3),
                "category": Categorical(classes=4),
                "c": Uniform(),
                "d": Uniform(count=2),
            },
            "generator": MLPGenerator(hidden=(12,)),
            "discriminator": Discriminator(trunk=MLPTrunk(hidden=(10,)), head=Linear()),
            "losses": (NonSaturating(), MutualInformation(codes={"category": 1, "c": 0.5, "d": 1}, hidden=6)),
            "optimizers": {"generator": Adam(lr=1e-2), "discriminator": Adam(lr=1e-2)},
            "train": {"steps": 10, "batch_size": 4, "device": "cpu", "ema": None, **(train or {})},
        }
        return Spec.model_validate({**fields, **changes})

    return make


@pytest.fixture
def start(make_spec: Callable[..., Spec]) -> Callable[..., Training]:
    """The training of such a spec, before its first step."""

    def begin(train: Mapping[str, object] | None = None, **changes: object) -> Training:
        spec = make_spec(train, **changes)
        return Training(spec, spec.data.describe(), spec.data.open("train"))

    return begin
