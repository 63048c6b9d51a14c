from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import nn

from gan_run import (
    DataInfo,
    DiscriminatorModule,
    DiscriminatorOutput,
    Features,
    ImageShape,
    LatentContext,
    LatentSpace,
    SpecError,
    read_spec,
)
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.dcgan.networks import DCGANTrunk
from gan_run.plugins.networks.heads.patch import Patch
from gan_run.registry.plugins import Registry

LATENTS = LatentSpace({"z": Uniform().module(LatentContext(DataInfo(ImageShape(1, 1, 2), {"train": 1})))})


def test_there_is_a_logit_for_each_place_of_the_last_map() -> None:
    trunk = DCGANTrunk(width=0.1).build(ImageShape(1, 16, 16))
    head = Patch().build(trunk, LATENTS)
    (layer,) = (layer for layer in head.modules() if isinstance(layer, nn.Conv2d))
    features = trunk(torch.randn(3, 1, 16, 16))
    logits = head(features, {})
    assert logits.shape == (3, 4 * 4)
    place = (features.maps[-1][1, :, 2, 3] * layer.weight[0, :, 0, 0]).sum() + layer.bias
    torch.testing.assert_close(logits[1, 2 * 4 + 3], place[0])


def test_rectangles_have_a_logit_for_each_place_too() -> None:
    trunk = DCGANTrunk(width=0.1).build(ImageShape(3, 37, 24))  # padded to 40x24, which halves to 20x12, 10x6 and 5x3
    logits = Patch().build(trunk, LATENTS)(trunk(torch.randn(2, 3, 37, 24)), {})
    assert logits.shape == (2, 5 * 3)


def test_it_needs_no_feature_vector() -> None:
    trunk = DCGANTrunk(width=0.1).build(ImageShape(1, 16, 16))
    features = trunk(torch.randn(3, 1, 16, 16))
    head = Patch().build(trunk, LATENTS)
    assert torch.equal(head(features, {}), head(Features(torch.zeros(3, 1), features.maps), {}))


def test_the_slope_of_an_image_is_that_of_the_mean_of_its_logits() -> None:
    trunk = DCGANTrunk(width=0.1, norm="none").build(ImageShape(1, 16, 16))
    discriminator = DiscriminatorModule(trunk, Patch().build(trunk, LATENTS))
    images = torch.randn(3, 1, 16, 16, requires_grad=True)
    output = DiscriminatorOutput(discriminator, images, {})
    (expected,) = torch.autograd.grad(output.logits[1].mean(), images, retain_graph=True)
    torch.testing.assert_close(output.gradients[1], expected[1])


def test_a_trunk_without_maps_is_refused(small: Callable[..., Mapping[str, Any]], registry: Registry) -> None:
    spec = small(discriminator={"trunk": {"type": "mlp"}, "head": {"type": "patch"}})
    with pytest.raises(SpecError, match=r"discriminator\.head\.type: the trunk mlp has no feature maps"):
        read_spec(spec, registry=registry)
