import pytest
import torch

from gan_run import DataInfo, ImageShape, LatentContext, LatentModule, LatentSpace, SpecError
from gan_run.core.nn.rates import rates_of
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.networks.style.generator import StyleGenerator, StyleGeneratorModule
from gan_run.plugins.networks.style.mapping import LatentInput, Redraw, mixed
from gan_run.testing.game import small_spec

pytestmark = pytest.mark.usefixtures("float64")

CONTEXT = LatentContext(DataInfo(ImageShape(1, 8, 8), {"train": 1}))
IMAGE = ImageShape(1, 8, 8)
SMALL = StyleGenerator(width=0.02, style_width=6, depth=2)


def space() -> LatentSpace:
    """Noise z in the columns 0 to 3, and the codes c and d in 4 and 5."""
    declared = {"z": Gaussian(count=4), "c": Uniform(), "d": Uniform()}
    return LatentSpace({name: latent.module(CONTEXT) for name, latent in declared.items()})


def built(declared: StyleGenerator = SMALL, latents: LatentSpace | None = None) -> StyleGeneratorModule:
    torch.manual_seed(0)
    network = declared.build(latents or space(), IMAGE)
    assert isinstance(network, StyleGeneratorModule)
    return network.double()


# --- The input of the mapping network.


def test_of_noise_the_direction_counts_and_of_codes_the_size_too() -> None:
    torch.manual_seed(0)
    into = LatentInput(space(), ("z",), code_width=6)
    assert into.width == 10
    z, codes = torch.randn(1, 4), torch.tensor([[0.2, -0.1]])
    seen, longer, larger = (into(torch.cat(parts, dim=1)) for parts in ((z, codes), (3 * z, codes), (z, 3 * codes)))
    torch.testing.assert_close(longer, seen, atol=1e-6, rtol=1e-6)
    assert (larger[:, 4:] - seen[:, 4:]).abs().max() > 0.1
    torch.testing.assert_close(larger[:, :4], seen[:, :4])
    for part in (seen[:, :4], seen[:, 4:], larger[:, 4:]):
        torch.testing.assert_close(part.square().mean().item(), 1.0, atol=1e-6, rtol=0)


def test_noise_alone_and_codes_alone_are_inputs() -> None:
    embedded = torch.randn(2, 6)
    assert LatentInput(space(), ("z", "c", "d"), 5)(embedded).shape == (2, 6)
    assert LatentInput(space(), (), 5)(embedded).shape == (2, 5)
    images = built(SMALL.model_copy(update={"noise": ()}))(embedded)
    assert images.shape == (2, *IMAGE)


def test_the_mapping_network_alone_has_a_hundredth_of_the_learning_rate() -> None:
    network = built()
    rates = rates_of(network, dict(network.named_parameters()))
    assert {rate for name, rate in rates.items() if name.startswith("mapping.")} == {0.01}
    assert {rate for name, rate in rates.items() if not name.startswith("mapping.")} == {1.0}


# --- Mixing.


def test_a_mixed_image_has_the_second_style_from_some_layer_on_but_never_the_first() -> None:
    torch.manual_seed(0)
    first, second = torch.zeros(3000, 2), torch.ones(3000, 2)
    styles = mixed(first, second, layers=4, probability=0.75)
    assert styles.shape == (3000, 4, 2)
    begins = styles[:, :, 0].sum(dim=1)  # layers with the second style
    assert torch.equal(styles[:, :, 0], styles[:, :, 0].sort(dim=1).values)
    assert begins.max() == 3
    shares = [(begins == count).double().mean().item() for count in range(4)]
    assert shares == pytest.approx([0.25] * 4, abs=0.03)  # a quarter is not mixed
    assert not mixed(first, second, 4, 0.0).any()


def test_mixing_draws_noise_anew_and_leaves_codes() -> None:
    torch.manual_seed(0)
    latents = space()
    embedded = latents.embed(latents.sample(50))
    before = embedded.clone()
    redrawn = Redraw(latents, ("z",))(embedded)
    assert torch.equal(embedded, before)
    assert torch.equal(redrawn[:, 4:], embedded[:, 4:])
    assert not (redrawn[:, :4] == embedded[:, :4]).any()
    assert redrawn[:, :4].std().item() == pytest.approx(1, rel=0.2)


def test_styles_are_mixed_in_training_alone_and_only_in_the_share_of_noise() -> None:
    latents = space()
    embedded = latents.embed(latents.sample(40))
    network = built(SMALL.model_copy(update={"mixing": 1.0}), latents)
    styles = network.styles(embedded)
    assert styles.shape == (40, network.synthesis.layers, 6)
    assert not torch.equal(styles[:, 0], styles[:, -1])
    plain = network.eval().styles(embedded)
    assert torch.equal(plain[:, 0], plain[:, -1])
    torch.testing.assert_close(plain[:, 0], styles[:, 0])
    codes_alone = built(SMALL.model_copy(update={"mixing": 1.0, "noise": ()}), latents).styles(embedded)
    assert torch.equal(codes_alone[:, 0], codes_alone[:, -1])


def test_it_registers_no_latent() -> None:
    latents = space()
    assert not any(isinstance(part, LatentModule) for part in built(latents=latents).modules())


# --- Truncation.


def test_the_mean_style_moves_in_training_by_a_500th_to_the_batchs_mean() -> None:
    network = built()
    embedded = torch.randn(8, 6)
    wanted = torch.zeros(6)
    for _ in range(3):
        network(embedded)
        wanted += 0.002 * (network.mapping(network.input(embedded)).mean(dim=0) - wanted)
    torch.testing.assert_close(network.mean_style, wanted)
    network.eval()(embedded)
    torch.testing.assert_close(network.mean_style, wanted)
    assert "mean_style" in network.state_dict()


def test_truncation_narrows_styles_and_is_the_image_of_the_mean_style_at_0() -> None:
    latents = space()
    network = built(latents=latents)
    embedded = latents.embed(latents.sample(200))
    for _ in range(20):
        network(embedded)
    network.eval()
    spreads = [network(embedded, truncation=share).std(dim=0).mean().item() for share in (1.0, 0.5, 0.1, 0.0)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] == pytest.approx(0, abs=1e-12)
    mean = network.synthesize(network.mean_style.expand(1, network.synthesis.layers, -1))
    torch.testing.assert_close(network(embedded, truncation=0.0)[:1], mean)
    assert torch.equal(network(embedded, truncation=1.0), network(embedded))


# --- The whole.


def test_every_image_is_the_sum_of_one_from_each_size_each_with_a_style_of_its_own() -> None:
    network = built(StyleGenerator(width=0.02, style_width=6, mixing=0)).eval()
    assert network.synthesis.layers == 4  # 4x4 and 8x8: a layer, two more, and the last image
    styles = torch.randn(2, 4, 6, requires_grad=True)
    (gradient,) = torch.autograd.grad(network.synthesize(styles)[0].square().sum(), styles)
    assert gradient[0].any(dim=1).all()
    assert not gradient[1].any()


def test_images_in_evaluation_are_the_same_each_time_and_new_in_training() -> None:
    network = built(SMALL.model_copy(update={"mixing": 0.0}))
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.endswith("strength"):
                value.fill_(0.3)
    embedded = torch.randn(2, 6)
    assert not torch.equal(network(embedded), network(embedded))
    network.eval()
    assert torch.equal(network(embedded), network(embedded))


def test_gradients_reach_every_parameter_of_the_generator() -> None:
    network = built(SMALL.model_copy(update={"mixing": 0.5}))
    images = network(torch.randn(4, 6))
    found = torch.autograd.grad((images * torch.randn_like(images)).sum(), list(network.parameters()))
    assert all(gradient.any() for gradient in found)


def test_each_mistake_has_a_place_and_a_remedy() -> None:
    latents = {"n": {"type": "gaussian", "count": 4}, "p": {"type": "categorical", "classes": 3}}
    with pytest.raises(SpecError, match=r"generator.noise\[0\]: no latent is called 'z'.*there is: n, p"):
        small_spec(fields={"generator": {"type": "style"}, "latents": latents})
    child = {**latents, "k": {"type": "child", "classes": 2, "parent": "p"}}
    with pytest.raises(SpecError, match=r"generator.noise\[1\]: 'k' depends on p"):
        small_spec(fields={"generator": {"type": "style", "noise": ["n", "k"]}, "latents": child})
