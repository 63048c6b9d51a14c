import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from gan_run import DataInfo, ImageShape, LatentContext, LatentSpace
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.mlp.networks import MLPGenerator, MLPTrunk

CONTEXT = LatentContext(DataInfo(ImageShape(1, 8, 8), {"train": 1}))
LATENTS = LatentSpace({"z": Uniform(count=3).module(CONTEXT), "k": Categorical(classes=4).module(CONTEXT)})
SHAPES = st.builds(ImageShape, st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))
HIDDEN = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


def linear(network: nn.Module) -> list[tuple[int, int]]:
    return [(layer.in_features, layer.out_features) for layer in network.modules() if isinstance(layer, nn.Linear)]


@settings(max_examples=40)
@given(SHAPES, HIDDEN, st.integers(1, 3))
def test_images_of_any_shape_are_made_and_seen_in_batches_of_any_size(
    image: ImageShape, hidden: tuple[int, ...], n: int
) -> None:
    images = MLPGenerator(hidden=hidden).build(LATENTS, image)(LATENTS.embed(LATENTS.sample(n)))
    assert images.shape == (n, *image)
    assert images.abs().max() <= 1
    trunk = MLPTrunk(hidden=hidden).build(image)
    features = trunk(images)
    assert features.vector.shape == (n, trunk.features) == (n, hidden[-1])
    assert features.maps == ()


@settings(max_examples=40)
@given(SHAPES, HIDDEN, st.sampled_from([0.5, 1.0, 2.0, 0.001]))
def test_layers_have_the_declared_widths_times_the_factor(
    image: ImageShape, hidden: tuple[int, ...], width: float
) -> None:
    scaled = [max(1, round(channels * width)) for channels in hidden]
    up = [LATENTS.width, *scaled, math.prod(image)]
    assert linear(MLPGenerator(hidden=hidden, width=width).build(LATENTS, image)) == list(itertools.pairwise(up))
    down = [math.prod(image), *scaled]
    trunk = MLPTrunk(hidden=hidden, width=width).build(image)
    assert linear(trunk) == list(itertools.pairwise(down))


def test_images_reach_both_ends_of_our_range() -> None:
    generator = MLPGenerator(hidden=(4,)).build(LATENTS, ImageShape(1, 1, 2))
    last = [layer for layer in generator.modules() if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias.copy_(torch.tensor([-100.0, 100.0]))
    assert generator(torch.randn(1, LATENTS.width)).flatten().tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(("declared", "slope"), [({}, 0.2), ({"slope": 0.05}, 0.05)])
def test_negative_activations_are_multiplied_by_the_slope(declared: dict[str, float], slope: float) -> None:
    trunk = MLPTrunk.model_validate({"hidden": (50,), **declared}).build(ImageShape(1, 3, 3))
    for layer in trunk.modules():
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
    images = torch.randn(2, 1, 3, 3)
    there, back = trunk(images).vector, trunk(-images).vector
    positive = there > 0
    assert 0.2 < positive.float().mean() < 0.8
    torch.testing.assert_close(back[positive], -slope * there[positive])


def test_an_image_is_seen_as_it_is_whatever_else_is_in_its_batch() -> None:
    trunk = MLPTrunk(hidden=(6,)).build(ImageShape(1, 3, 3))
    images = torch.randn(4, 1, 3, 3)
    torch.testing.assert_close(trunk(images).vector[1:2], trunk(images[1:2]).vector)


@pytest.mark.parametrize("wrong", [{"hidden": []}, {"hidden": [0]}, {"hidden": [4, -1]}, {"width": 0}, {"slope": -0.1}])
@pytest.mark.parametrize("declared", [MLPGenerator, MLPTrunk])
def test_networks_without_layers_or_sense_are_refused(
    declared: type[MLPGenerator] | type[MLPTrunk], wrong: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        declared.model_validate(wrong)
