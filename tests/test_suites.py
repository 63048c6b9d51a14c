"""Every component of ours passes the suite that third parties are given for its kind."""

import math
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_run import (
    Columns,
    Component,
    DataSource,
    ImageShape,
    Latent,
    LatentContext,
    LatentModule,
    LatentSpace,
    testing,
)
from gan_run.core.kinds.component import ValidationContext
from gan_run.registry.plugins import load_plugins
from gan_run.testing.game import begin

OURS = distribution("gan-run").entry_points.select(group="gan_run")
CATALOGUE = load_plugins(found=OURS).catalogue
SUITES = {
    "artifact": testing.ArtifactSuite,
    "augmentation": testing.AugmentationSuite,
    "callback": testing.CallbackSuite,
    "criterion": testing.CriterionSuite,
    "feature-network": testing.FeatureNetworkSuite,
    "generator": testing.GeneratorSuite,
    "head": testing.HeadSuite,
    "latent": testing.LatentSuite,
    "loss": testing.LossSuite,
    "metric": testing.MetricSuite,
    "optimizer": testing.OptimizerSuite,
    "schedule": testing.ScheduleSuite,
    "trunk": testing.TrunkSuite,
}
SIZES = {"infogan-mnist": 28, "infogan-32": 32, "infogan-faces": 32, "infogan-chairs": 64, "infogan-sprites": 64}
NETWORKS = {
    **{name: {"width": 0.05} for name in ("dcgan", "r3gan", "sn-resnet", "style", *SIZES)},
    "mlp": {"hidden": [8]},
}
NETWORKS["pretrained"] = {"network": {"type": "mlp", "hidden": [8]}, "weights": {"path": "weights.safetensors"}}
CLASSIFIER = {"type": "classifier", "width": 2, "features": 4, "steps": 2}
FIELDS: Mapping[str, Mapping[str, object]] = {
    "artifact:confusion-matrix": {"code": "category"},
    "augmentation:ada": {"start": 0.9, "every": 2, "speed": 100},
    "augmentation:affine": {"rotate": 20, "shift": 0.1},
    "augmentation:crop": {"across": [0.2, 0.8], "down": [0.5, 1]},
    "criterion:model-centrality": {"votes": 40},
    "callback:early-stopping": {"metric": "cluster-accuracy", "number": "accuracy"},
    "latent:categorical": {"classes": 4, "count": 2},
    "latent:child": {"classes": 3, "parent": "category"},
    "latent:factor": {"column": "number"},
    "latent:vector": {"column": "vector"},
    "latent:uniform": {"low": -2, "high": 1, "learn_std": True},
    "loss:ali": {"network": {"type": "mlp", "hidden": [8]}},
    "loss:consistency": {"augment": [{"type": "affine", "shift": 0.1}]},
    "loss:infogan-cr": {"codes": ["c", "category"], "trunk": {"type": "mlp", "hidden": [8]}},
    "loss:mutual-information": {"codes": {"category": 1.0, "c": 0.5}},
    "loss:ss-infogan": {"labelled": 2},
    "feature-network:classifier": CLASSIFIER,
    "metric:cluster-accuracy": {"code": "category"},
    **{f"metric:{name}": {"network": CLASSIFIER, "samples": 20} for name in ("fid", "kid", "prdc", "inception-score")},
    "schedule:constant": {"value": 2.0},
    "schedule:cosine": {"start": 1.0, "end": 0.1},
    "schedule:linear": {"start": 1.0, "end": 0.1, "to_step": 20},
    **{f"optimizer:{name}": {"lr": 0.1} for name in CATALOGUE.names("optimizer")},
    **{f"{kind}:{name}": fields for kind in ("generator", "trunk") for name, fields in NETWORKS.items()},
    "generator:style": {"width": 0.05, "style_width": 16},
    "generator:volume": {"turn": "turn", "width": 0.02, "grid": 8, "depth": 4},
}
"""What has no default, or ought not to be tried at it."""


def with_an_angle(suite: testing.GeneratorSuite) -> LatentSpace:
    """The latents `z` and `turn`."""
    latents = {"z": {"type": "gaussian", "count": 4}, "turn": {"type": "circular"}}
    return begin(fields={"latents": latents}).game.latents


ATTRIBUTES: Mapping[str, Mapping[str, object]] = {
    "augmentation:crop": {"outcomes": 1},
    "augmentation:mirror": {"outcomes": 2},
    "generator:style": {"bounded": False},
    "generator:volume": {"latents": with_an_angle},
    "loss:path-length": {"fields": {"generator": {"type": "style", "width": 0.05, "style_width": 16}}},
    "loss:ali": {"fields": {"discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "joint"}}}},
    "loss:infogan-cr": {"players": ["pair-discriminator"]},
    "loss:ss-infogan": {"others": [{"type": "mutual-information", "codes": {"category": 1.0}}]},
    **{
        f"{kind}:{name}": {"image": ImageShape(1, side, side)}
        for kind in ("generator", "trunk")
        for name, side in SIZES.items()
    },
}
"""Of the suites."""
ELSEWHERE = ("inception", "torchscript", "mlflow", "wandb")
"""Components that need a file or another tool: tests/plugins/metrics/fidelity and tests/plugins/training/loggers test
them by the suite."""


def built(kind: str, name: str) -> Component:
    said = {"type": name, **FIELDS.get(f"{kind}:{name}", {})}
    return CATALOGUE.find(kind, name).model_validate(said, context=ValidationContext(CATALOGUE, Path.cwd()))


for kind, suite in SUITES.items():
    for name in CATALOGUE.names(kind):
        if name in ELSEWHERE:
            continue
        attributes = {"component": built(kind, name), **ATTRIBUTES.get(f"{kind}:{name}", {})}
        test = f"Test-{kind}-{name}".title().replace("-", "")
        globals()[test] = type(test, (suite,), {**attributes, "__module__": __name__, "__doc__": None})


class TestAngleFactor(testing.LatentSuite):
    component = built("latent", "factor").model_copy(update={"column": "angle"})  # type: ignore[assignment]  # a latent


class Partner(Latent):
    """The picture that belongs to each image, as an image-to-image generator is given it."""

    type: Literal["partner"] = "partner"

    def observed_columns(self) -> tuple[str, ...]:
        return ("picture",)

    def build(self, context: LatentContext) -> LatentModule:
        return PartnerModule(context.data.columns["picture"].shape)


class PartnerModule(LatentModule):
    """Values are the pictures of eight training images, each equally often."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.value_shape, self.width = shape, math.prod(shape)
        self.register_buffer("pictures", torch.zeros(8, *shape))

    def fit_prior(self, columns: Columns) -> None:
        self.get_buffer("pictures").copy_(columns["picture"][:8])

    def sample(self, n: int) -> Tensor:
        pictures = self.get_buffer("pictures")
        return pictures[torch.randint(len(pictures), (n,), device=self.device)]

    def embed(self, value: Tensor) -> Tensor:
        return value.flatten(-len(self.value_shape))

    def observe(self, columns: Columns) -> Tensor:
        return columns["picture"]


class TestPartner(testing.LatentSuite):
    """Values of three axes, taken from a column."""

    component = Partner()


class TestArray(testing.DataSourceSuite):
    @pytest.fixture(autouse=True)
    def written(self, tmp_path: Path) -> None:
        images = np.random.default_rng(0).integers(0, 256, (30, 6, 8), dtype=np.uint8)
        np.savez(tmp_path / "some.npz", images=images, labels=np.arange(30) % 3, angle=np.linspace(0, 90, 30))
        said = {"path": tmp_path / "some.npz", "labels": "labels", "columns": {"angle": "angle"}}
        source = CATALOGUE.find("data", "array").model_validate(said)
        assert isinstance(source, DataSource)
        self.component = source


class TestQuickstart(testing.DataSourceSuite):
    component = CATALOGUE.find("data", "mnist-5k")()  # type: ignore[assignment]  # it is a source


class TestDiscriminatorWithAState(testing.LossSuite):
    """Spectral norm's vectors and ada's probability go on where they were."""

    component = built("loss", "hinge")  # type: ignore[assignment]  # it is a loss
    fields: ClassVar[Mapping[str, object]] = {
        "discriminator": {
            "trunk": {"type": "mlp", "hidden": [10]},
            "head": {"type": "linear"},
            "spectral_norm": True,
            "augment": [{"type": "ada", "start": 0.5, "every": 2, "speed": 100}],
        }
    }


RECTANGLES = {"": ImageShape(3, 20, 12), "Odd": ImageShape(4, 11, 15)}
"""Images that doublings reach, and images that they do not: the networks crop and pad."""

for kind, suite in {"generator": testing.GeneratorSuite, "trunk": testing.TrunkSuite}.items():
    for name in ("dcgan", "mlp", "r3gan", "sn-resnet", "style", "volume"):
        if name not in CATALOGUE.names(kind):
            continue
        for odd, image in RECTANGLES.items():
            attributes = {"component": built(kind, name), "image": image, "__module__": __name__, "__doc__": None}
            attributes |= {key: value for key, value in ATTRIBUTES.get(f"{kind}:{name}", {}).items() if key != "image"}
            test = f"Test{kind.title()}{name.title().replace('-', '')}{odd}Rectangle"
            globals()[test] = type(test, (suite,), attributes)


def test_every_kind_has_a_suite() -> None:
    assert {*SUITES, "data"} == set(CATALOGUE.kinds())
