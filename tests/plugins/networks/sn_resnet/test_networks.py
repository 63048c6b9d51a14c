import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gan_run import DataInfo, ImageShape, LatentContext, LatentSpace, SpecError, Splits, read_spec, upsampling_plan_of
from gan_run.core.run.resolve import check_against_data
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.sn_resnet.generator import ConditionalNorm, SNResNetGenerator
from gan_run.plugins.networks.sn_resnet.layers import SelfAttention
from gan_run.plugins.networks.sn_resnet.trunk import SNResNetTrunk
from gan_run.registry.plugins import Registry

CONTEXT = LatentContext(DataInfo(ImageShape(1, 8, 8), {"train": 1}))
LATENTS = LatentSpace({"z": Uniform(count=3).module(CONTEXT), "k": Categorical(classes=4).module(CONTEXT)})
SIZES = pytest.mark.parametrize("size", [(12, 12), (28, 28), (32, 32), (64, 64), (20, 12), (50, 65), (9, 14)])
Small = Callable[..., Mapping[str, Any]]


def counts(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def conv(inputs: int, outputs: int, kernel: int = 3) -> int:
    return inputs * outputs * kernel * kernel + outputs


def test_at_32_it_is_the_papers_network_for_cifar_layer_by_layer() -> None:
    # Miyato et al. 2018, table 4: dense 4 x 4 x 256, three blocks up of 256, batch norm, 3x3 convolution to 3 channels.
    image = ImageShape(3, 32, 32)
    up = 2 * conv(256, 256) + conv(256, 256, 1) + 2 * 2 * 256
    assert counts(SNResNetGenerator().build(LATENTS, image)) == (
        (7 * 4 * 4 * 256 + 4 * 4 * 256) + 3 * up + 2 * 256 + conv(256, 3)
    )
    # Two blocks down of 128, two more of 128: only those that halve have a 1x1 convolution.
    down = 2 * conv(128, 128)
    assert counts(SNResNetTrunk().build(image)) == (
        (conv(3, 128) + conv(128, 128) + conv(3, 128, 1)) + (down + conv(128, 128, 1)) + 2 * down
    )


def test_at_128_channels_double_from_64_to_1024_towards_the_base() -> None:
    trunk = SNResNetTrunk(width=1 / 16).build(ImageShape(3, 128, 128))
    assert trunk.map_channels == (4, 8, 16, 32, 64, 64)
    assert trunk.features == 64
    maps = trunk(torch.randn(1, 3, 128, 128)).maps
    assert [level.shape[2] for level in maps] == [64, 32, 16, 8, 4, 4]
    generator = SNResNetGenerator(width=1 / 16).build(LATENTS, ImageShape(3, 128, 128))
    wide = [layer.out_channels for layer in generator.modules() if isinstance(layer, nn.Conv2d)]
    assert wide == [64, 64, 64, 32, 32, 32, 16, 16, 16, 8, 8, 8, 4, 4, 4, 3]


@SIZES
@pytest.mark.parametrize("attention", [False, True])
def test_shapes_go_from_latents_to_images_to_features(size: tuple[int, int], attention: bool) -> None:
    image = ImageShape(3, *size)
    (side, _) = upsampling_plan_of(image).sizes()[-2] if attention else (None, None)
    generator = SNResNetGenerator(width=0.05, condition=("k",), attention=side).build(LATENTS, image)
    images = generator(LATENTS.embed(LATENTS.sample(2)))
    assert images.shape == (2, *image)
    assert images.abs().max() <= 1
    trunk = SNResNetTrunk(width=0.05, attention=side).build(image)
    features = trunk(images)
    assert features.vector.shape == (2, trunk.features)
    assert tuple(level.shape[1] for level in features.maps) == trunk.map_channels
    assert features.maps[0].shape[2:] == upsampling_plan_of(image).sizes()[-2]
    torch.testing.assert_close(features.vector, features.maps[-1].relu().sum(dim=(2, 3)))
    assert (len([layer for layer in trunk.modules() if isinstance(layer, SelfAttention)]) == 1) is attention


def test_every_weight_matrix_of_the_trunk_is_under_spectral_norm_once() -> None:
    trunk = SNResNetTrunk(width=0.05, attention=16).build(ImageShape(1, 32, 32))
    layers = [layer for layer in trunk.modules() if isinstance(layer, nn.Conv2d)]
    assert layers
    assert all(parametrize.is_parametrized(layer, "weight") for layer in layers)
    assert all(len(layer.parametrizations["weight"]) == 1 for layer in layers)  # type: ignore[index, arg-type]


def test_each_image_is_seen_by_itself() -> None:
    trunk = SNResNetTrunk(width=0.05).build(ImageShape(1, 28, 28)).eval()
    images = torch.randn(3, 1, 28, 28)
    torch.testing.assert_close(trunk(images).vector[:1], trunk(images[:1]).vector, atol=1e-4, rtol=1e-4)
    assert not SNResNetTrunk().uses_batch_statistics()


def test_a_conditional_norm_has_the_gains_and_biases_that_the_condition_sets() -> None:
    norm = ConditionalNorm(2, 3).eval()
    assert norm.by_condition is not None
    maps = torch.randn(2, 2, 4, 4)
    torch.testing.assert_close(norm(maps, torch.eye(3)[[0, 2]]), maps, atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        norm.gain.copy_(torch.tensor([1.0, 2.0]))
        norm.by_condition.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 0, 3.0], [0, 0, 0.5], [7.0, 0, 0]]))
    normed = norm(maps, torch.eye(3)[[0, 2]])
    # Condition 0: gains 1 + 1 and 2, biases 0 and 7; condition 2: gains 1 and 2 + 3, biases 0.5 and 0.
    expected = torch.stack(
        [torch.stack([2 * maps[0, 0], 2 * maps[0, 1] + 7]), torch.stack([maps[1, 0] + 0.5, 5 * maps[1, 1]])]
    )
    torch.testing.assert_close(normed, expected, atol=1e-4, rtol=1e-4)


def test_what_is_the_condition_enters_by_the_norms_alone() -> None:
    generator = SNResNetGenerator(width=0.05, condition=("k",)).build(LATENTS, ImageShape(1, 12, 12)).eval()
    z = torch.rand(1, 3).expand(4, -1)
    images = generator(LATENTS.embed({"z": z, "k": torch.arange(4)}))
    # The gains start alike for all.
    torch.testing.assert_close(images, images[:1].expand_as(images))
    for norm in generator.modules():
        if isinstance(norm, ConditionalNorm):
            assert norm.by_condition is not None
            nn.init.normal_(norm.by_condition.weight)
    images = generator(LATENTS.embed({"z": z, "k": torch.arange(4)}))
    assert (images - images[:1])[1:].abs().amax(dim=(1, 2, 3)).min() > 0.01


def test_attention_worked_by_hand_on_maps_where_every_place_is_alike() -> None:
    # All places being alike, whatever the weights of attention, what is seen is the value of one.
    layer = SelfAttention(8)
    with torch.no_grad():
        layer.gain.fill_(2.0)
    maps = torch.randn(3, 8, 1, 1).expand(-1, -1, 6, 6)
    seen = layer.out(layer.value(maps[:, :, :1, :1]))
    torch.testing.assert_close(layer(maps), maps + 2 * seen.expand(-1, -1, 6, 6), atol=1e-5, rtol=1e-5)


def test_attention_is_a_softmax_over_places_of_queries_times_keys() -> None:
    layer = SelfAttention(8)
    with torch.no_grad():
        layer.gain.fill_(1.0)
    maps = torch.randn(1, 8, 4, 4)
    keys = nn.functional.max_pool2d(layer.key(maps), 2)[0].flatten(1)
    values = nn.functional.max_pool2d(layer.value(maps), 2)[0].flatten(1)
    query = layer.query(maps)[0, :, 1, 2]
    weights = torch.tensor([math.exp((query @ keys[:, place]).item()) for place in range(4)])
    seen = (values * weights / weights.sum()).sum(dim=1)
    expected = maps[0, :, 1, 2] + layer.out.weight[:, :, 0, 0] @ seen
    torch.testing.assert_close(layer(maps)[0, :, 1, 2], expected, atol=1e-5, rtol=1e-5)


def test_two_gradients_deep_every_parameter_is_reached() -> None:
    trunk = SNResNetTrunk(width=0.05, attention=8).build(ImageShape(1, 16, 16))
    for layer in trunk.modules():
        if isinstance(layer, SelfAttention):
            nn.init.ones_(layer.gain)
    images = torch.randn(2, 1, 16, 16, requires_grad=True)
    (slope,) = torch.autograd.grad(trunk(images).vector.sum(), images, create_graph=True)
    found = torch.autograd.grad(slope.square().sum(), list(trunk.parameters()), allow_unused=True)
    unreached = [name for (name, _), gradient in zip(trunk.named_parameters(), found, strict=True) if gradient is None]
    # The last biases of the blocks' sums move no slope but by the ReLU after them, which has none of its own.
    assert not [name for name in unreached if "bias" not in name]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"attention": 8}, "no feature maps have height 8 (there is: none between base and image)"),
        ({"condition": ["z", "category", "c"]}, "at least one latent must enter at the first layer"),
        ({"condition": ["kategory"]}, "no latent is called 'kategory'; did you mean 'category'?"),
    ],
)
def test_what_cannot_be_built_is_refused(
    small: Small, registry: Registry, network: Mapping[str, object], message: str
) -> None:
    spec = small(generator={"type": "sn-resnet", **network})

    def prepare() -> None:
        read = read_spec(spec, registry=registry)
        check_against_data(read, Splits(read.data))

    with pytest.raises(SpecError) as refused:
        prepare()
    assert message in str(refused.value)


def test_a_size_that_cannot_be_reached_is_refused() -> None:
    data = DataInfo(ImageShape(1, 100, 4), {"train": 1})
    for declared in (SNResNetGenerator(attention=50), SNResNetTrunk()):
        (problem,) = declared.check_data(None, data)  # type: ignore[arg-type]  # needs nothing of the spec
        assert "no sn-resnet for 100x4" in problem.message


def test_gradients_reach_all_of_the_generator() -> None:
    generator = SNResNetGenerator(width=0.05, condition=("k",)).build(LATENTS, ImageShape(1, 12, 12))
    images: Tensor = generator(LATENTS.embed(LATENTS.sample(4)))
    images.square().sum().backward()  # type: ignore[no-untyped-call]
    flat = [name for name, value in generator.named_parameters() if value.grad is None or not value.grad.any()]
    # Biases before a batch norm are taken out again by it.
    assert not [name for name in flat if not name.endswith("bias")]
