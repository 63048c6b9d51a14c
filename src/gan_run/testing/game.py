"""A small spec with a dataset of noise, for testing components in training."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch

from gan_run.core.base.image import ImageShape
from gan_run.core.engine.training import Training
from gan_run.core.images.columns import Column
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import DataSource
from gan_run.core.kinds.spec import Spec
from gan_run.runs import read_spec
from gan_run.testing.component import installed_plugins, plugin_of

CLASSES = ("even", "odd", "neither")
COLUMNS = {
    "label": Column("categorical", CLASSES),
    "number": Column("continuous"),
    "angle": Column("angle"),
    "vector": Column("continuous", shape=(3,)),
    "picture": Column("continuous", shape=(1, 12, 12)),
}
ADAM = {"type": "adam", "lr": 1e-3}


class Noise(DataSource):
    """30 training and 12 test images of noise in three classes; each has a number, an angle, a vector and a picture."""

    type: Literal["noise"] = "noise"
    image: tuple[int, int, int] = (1, 12, 12)

    def describe(self) -> DataInfo:
        return DataInfo(ImageShape(*self.image), {"train": 30, "test": 12}, COLUMNS)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        count = self.describe().sizes[split]
        stream = torch.Generator().manual_seed(count)
        pixels = torch.randint(0, 256, (count, *self.image), dtype=torch.uint8, generator=stream)
        order = torch.arange(count, dtype=torch.float64) * 7 % count
        columns = {
            "label": torch.arange(count) % len(CLASSES),
            "number": order / count,
            "angle": order / count * 360,
            "vector": torch.randn(count, 3, dtype=torch.float64, generator=stream),
            "picture": torch.rand(count, 1, 12, 12, generator=stream) * 2 - 1,
        }
        return ImageSet(pixels, columns)


def small_spec(
    component: Component | None = None, fields: Mapping[str, object] | None = None, players: Sequence[str] = ()
) -> Spec:
    """A spec of mlp networks with the latents z, label, category and c.

    Args:
        component: A component in `fields`, of a plugin that need not be installed. The other components of that plugin
            can be named in `fields` too.
        fields: Fields of the spec that replace the small spec's own.
        players: Players besides generator and discriminator; each gets an optimizer.

    Returns:
        The spec.
    """
    spec: Mapping[str, object] = {
        "name": "testing",
        "data": Noise(),
        "latents": {
            "z": {"type": "gaussian", "count": 4},
            "label": {"type": "label"},
            "category": {"type": "categorical", "classes": 3},
            "c": {"type": "uniform"},
        },
        "generator": {"type": "mlp", "hidden": [12]},
        "discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}],
        "optimizers": dict.fromkeys(("generator", "discriminator", *players), ADAM),
        "train": {"steps": 4, "batch_size": 6, "device": "cpu", "ema": None},
        **(fields or {}),
    }
    components = [] if component is None else plugin_of(component)
    return read_spec(spec, components=components, registry=installed_plugins())


def begin(
    component: Component | None = None, fields: Mapping[str, object] | None = None, players: Sequence[str] = ()
) -> Training:
    """The training of a small spec, before its first step. The arguments are those of `small_spec`."""
    spec = small_spec(component, fields, players)
    info = spec.data.describe()
    problems = spec.data_problems(info)
    assert not problems, "; ".join(map(str, problems))
    return Training(spec, info, spec.data.open("train"))
