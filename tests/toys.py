"""A third party's plugin: what tests train on and break with. Tests install it as a distribution of its own."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gan_run import (
    Column,
    Component,
    DataInfo,
    DataSource,
    Features,
    ImageSet,
    ImageShape,
    Loss,
    LossContext,
    LossTerm,
    Measurement,
    Metric,
    Model,
    Splits,
    Trunk,
    TrunkModule,
    UpdateContext,
    hookimpl,
)


class Toys(DataSource):
    """Noise, the same at every call."""

    type: Literal["toys"] = "toys"
    images: int = 48
    side: int = 8
    labelled: bool = True

    def describe(self) -> DataInfo:
        columns = {"label": Column("categorical", ("even", "odd"))} if self.labelled else {}
        return DataInfo(ImageShape(1, self.side, self.side), {"train": self.images, "test": 16}, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        count = self.images if split == "train" else 16
        stream = torch.Generator().manual_seed(count)
        pixels = torch.randint(0, 256, (count, 1, self.side, self.side), dtype=torch.uint8, generator=stream)
        return ImageSet(pixels, {"label": torch.arange(count) % 2} if self.labelled else {})


class TurnsNan(Loss):
    """Nothing, until it has been called `calls` times: then NaN. It counts in a buffer, so its state is resumed."""

    type: Literal["turns-nan"] = "turns-nan"
    calls: int

    def build(self, context: LossContext) -> LossTerm:
        return TurnsNanTerm(self.calls)


class TurnsNanTerm(LossTerm):
    seen: Tensor

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._calls = calls
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake_output.logits.mean() * torch.where(self.seen >= self._calls, torch.nan, 0.0)

    def after_update(self, player: str, observed: Mapping[str, Tensor]) -> None:
        self.seen += 1


class Loudness(Metric):
    """How bright the images are; or whatever number it is told to find."""

    type: Literal["loudness"] = "loudness"
    found: Literal["mean", "nan"] = "mean"

    def measure(self, model: Model, data: Splits) -> Measurement:
        mean = float(model.generate(model.sample_latents(8)).mean())
        return {"mean": mean if self.found == "mean" else float("nan"), "images": len(data["test"])}


class Wrapped(Trunk):
    """A trunk around another trunk."""

    type: Literal["wrapped"] = "wrapped"
    inner: Trunk
    factor: float = 1.0

    def build(self, image: ImageShape) -> TrunkModule:
        return WrappedModule(self.inner.build(image), self.factor)


class WrappedModule(TrunkModule):
    def __init__(self, inner: TrunkModule, factor: float) -> None:
        super().__init__()
        self.inner = inner
        self.features = inner.features
        self._factor = factor

    def forward(self, images: Tensor) -> Features:
        seen = self.inner(images)
        return Features(seen.vector * self._factor, seen.maps)


class Fragrance(Component):
    """A kind of the plugin's own."""

    kind: ClassVar[str] = "fragrance"


class Rose(Fragrance):
    """One of that kind."""

    type: Literal["rose"] = "rose"


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Toys, TurnsNan, Loudness, Wrapped, Rose]
