import pytest
import torch
from torch import Tensor, nn

from gan_run import DataInfo, Features, HeadModule, ImageShape, LatentContext, LatentSpace, TrunkModule
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.heads.linear import Linear

LATENTS = LatentSpace({"z": Uniform().module(LatentContext(DataInfo(ImageShape(1, 1, 3), {"train": 1})))})


class Flat(TrunkModule):
    features = 3

    def forward(self, images: Tensor) -> Features:
        return Features(images.flatten(1))


@pytest.fixture
def head() -> HeadModule:
    return Linear().build(Flat(), LATENTS)


@pytest.mark.parametrize("n", [1, 4])
def test_there_is_one_logit_per_image(head: HeadModule, n: int) -> None:
    assert head(Features(torch.randn(n, 3)), {}).shape == (n,)


def test_a_logit_is_a_weighted_sum_of_the_features_and_a_bias(head: HeadModule) -> None:
    (layer,) = (layer for layer in head.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -2.0, 0.5]]))
        layer.bias.fill_(3.0)
    assert head(Features(torch.tensor([[1.0, 1.0, 2.0]])), {}).tolist() == [3.0]


def test_the_condition_changes_nothing(head: HeadModule) -> None:
    features = Features(torch.randn(2, 3))
    assert torch.equal(head(features, {}), head(features, LATENTS.sample(2)))


def test_it_begins_small_and_without_a_bias() -> None:
    torch.manual_seed(0)
    trunk = Flat()
    trunk.features = 10000
    weight, bias = Linear().build(trunk, LATENTS).parameters()
    assert weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert bias.item() == 0
