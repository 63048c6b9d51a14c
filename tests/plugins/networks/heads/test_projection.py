from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_run import (
    Column,
    DataInfo,
    Features,
    ImageShape,
    LatentContext,
    LatentSpace,
    SpecError,
    TrunkModule,
    read_spec,
)
from gan_run.plugins.latents.standard.label import Label
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.heads.projection import Projection, ProjectionModule
from gan_run.registry.plugins import Registry

CONTEXT = LatentContext(DataInfo(ImageShape(1, 1, 2), {"train": 1}, {"label": Column("categorical", ("a", "b", "c"))}))
LATENTS = LatentSpace({"z": Uniform().module(CONTEXT), "label": Label().module(CONTEXT)})
Small = Callable[..., Mapping[str, Any]]


class Flat(TrunkModule):
    features = 2

    def forward(self, images: Tensor) -> Features:
        return Features(images.flatten(1))


def head() -> ProjectionModule:
    built = Projection().build(Flat(), LATENTS)
    assert isinstance(built, ProjectionModule)
    return built


def test_a_logit_is_the_linear_layers_and_the_inner_product_with_the_classs_embedding() -> None:
    module = head()
    with torch.no_grad():
        module.layer.weight.copy_(torch.tensor([[1.0, -2.0]]))
        module.layer.bias.fill_(3.0)
        module.embedding.weight.copy_(torch.tensor([[1.0, 5.0, 0.0], [10.0, 0.5, 0.0]]))  # a column for each class
    features = Features(torch.tensor([[2.0, 1.0]] * 3))
    logits = module(features, {"label": torch.tensor([0, 1, 2])})
    assert logits.tolist() == [3 + (2 + 10), 3 + (10 + 0.5), 3.0]


def test_the_latent_stays_the_generators_players() -> None:
    assert {name for name, _ in head().named_parameters()} == {"layer.weight", "layer.bias", "embedding.weight"}


def spec_with(small: Small, on: str) -> Mapping[str, Any]:
    latents = {"z": {"type": "gaussian", "count": 4}, "kind": {"type": "label"}}
    discriminator = {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "projection", "on": on}}
    return small(latents=latents, discriminator=discriminator, losses=[{"type": "hinge"}])


def test_the_condition_has_to_be_a_latent_that_real_images_have(small: Small, registry: Registry) -> None:
    read_spec(spec_with(small, "kind"), registry=registry)
    with pytest.raises(SpecError, match=r"discriminator\.head\.on: no latent is called 'kid'; did you mean 'kind'"):
        read_spec(spec_with(small, "kid"), registry=registry)
    with pytest.raises(SpecError, match=r"discriminator\.head\.on: 'z' has no known value on real images"):
        read_spec(spec_with(small, "z"), registry=registry)


@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient-penalty", "dragan"])
def test_it_trains_with_every_penalty(small: Small, registry: Registry, penalty: str) -> None:
    from gan_run.core.engine.training import Training

    losses = [{"type": "hinge"}, {"type": penalty}]
    spec = read_spec({**spec_with(small, "kind"), "losses": losses}, registry=registry)
    training = Training(spec, spec.data.describe(), spec.data.open("train"))
    before = {name: value.detach().clone() for name, value in training.game.discriminator.named_parameters()}
    training.advance()
    moved = {name for name, value in training.game.discriminator.named_parameters() if not value.equal(before[name])}
    assert {"head.embedding.weight", "head.layer.weight"} <= moved
