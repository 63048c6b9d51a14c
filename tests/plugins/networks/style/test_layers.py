import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import ImageShape, spectral_norm
from gan_run.plugins.networks.style.layers import Activation, Blur, Upsample, channels_of, equalised, normalised
from gan_run.plugins.networks.style.synthesis import ModulatedConv, Noise, ToImage

pytestmark = pytest.mark.usefixtures("float64")


def weights_of(convolution: ModulatedConv, style: Tensor) -> Tensor:
    """Equations 1 and 3 of the paper, for the style (S,) of one image: weights (O, I, k, k)."""
    scales = convolution.scales(style[None])[0]
    modulated = scales[None, :, None, None] * convolution.weight / math.sqrt(convolution.weight[0].numel())
    return modulated / modulated.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()


def test_channels_are_64_at_64_pixels_and_double_with_each_halving_up_to_512() -> None:
    assert channels_of(ImageShape(3, 256, 256), 1.0) == [512, 512, 512, 256, 128, 64, 32, 16][1:]
    assert channels_of(ImageShape(1, 32, 32), 0.125) == [64, 64, 32, 16]
    assert channels_of(ImageShape(3, 128, 512), 1.0)[-3:] == [64, 32, 16]  # the pixels of 256x256


@pytest.mark.parametrize("layer", [nn.Linear(400, 300), nn.Conv2d(16, 50, 5)])
def test_an_equalised_layer_has_standard_normal_parameters_divided_by_the_root_of_the_fan_in(
    layer: nn.Linear | nn.Conv2d,
) -> None:
    torch.manual_seed(0)
    equalised(layer, bias=0.5)
    original = layer.parametrizations.weight.original  # type: ignore[union-attr]  # torch adds it
    assert dict(layer.named_parameters()).keys() == {"bias", "parametrizations.weight.original"}
    assert original.std().item() == pytest.approx(1, rel=0.02)
    torch.testing.assert_close(layer.weight * 20, original)  # both have 400 inputs
    assert set(layer.bias.tolist()) == {0.5}  # type: ignore[union-attr]  # they have biases


def test_a_step_of_a_parameter_moves_the_weight_by_the_scale() -> None:
    layer = equalised(nn.Linear(4, 1, bias=False))
    (gradient,) = torch.autograd.grad(layer(torch.tensor([[1.0, 2.0, 3.0, 4.0]])).sum(), list(layer.parameters()))
    torch.testing.assert_close(gradient, torch.tensor([[0.5, 1.0, 1.5, 2.0]]))


def test_spectral_norm_divides_an_equalised_weight_by_its_largest_singular_value() -> None:
    torch.manual_seed(0)
    layer = equalised(nn.Conv2d(3, 5, 3))
    before = layer.weight.detach().flatten(1)
    spectral_norm(layer)
    for _ in range(200):  # power iterations
        layer.weight  # noqa: B018  # each look runs one
    torch.testing.assert_close(layer.weight.flatten(1), before / torch.linalg.matrix_norm(before, 2))
    spectral_norm(layer)
    assert len(layer.parametrizations.weight) == 2  # type: ignore[union-attr, arg-type]  # torch adds it


def test_the_activation_keeps_about_the_mean_square_of_a_normal_input() -> None:
    torch.manual_seed(0)
    assert Activation()(torch.tensor([1.0, -1.0])).tolist() == [math.sqrt(2), -0.2 * math.sqrt(2)]
    assert Activation()(torch.randn(10**6)).square().mean().item() == pytest.approx(1.04, rel=0.01)


def test_normalised_vectors_have_a_mean_square_of_one_and_their_direction() -> None:
    torch.testing.assert_close(normalised(torch.tensor([[3.0, 4.0]])), torch.tensor([[3.0, 4.0]]) / math.sqrt(12.5))
    assert normalised(torch.tensor([[0.0, 0.0]])).tolist() == [[0, 0]]
    assert normalised(torch.ones(1, 4, dtype=torch.bfloat16)).dtype == torch.float32


IMPULSE = torch.zeros(1, 2, 5, 5, dtype=torch.float64)
IMPULSE[0, 1, 2, 2] = 64
ROW = torch.tensor([1, 3, 3, 1], dtype=torch.float64)


def test_the_blur_of_an_impulse_is_the_filter_in_its_own_channel() -> None:
    blurred = Blur(padding=2)(IMPULSE)
    assert blurred.shape == (1, 2, 6, 6)
    assert not blurred[0, 0].any()
    assert blurred[0, 1, 1:5, 1:5].tolist() == torch.outer(ROW, ROW).tolist()
    assert blurred.sum() == 64  # brightness is kept
    assert Blur(padding=1, stride=2)(IMPULSE).shape == (1, 2, 2, 2)
    # Rows 0 to 3 and 2 to 5 of the padded impulse's row 3: weights 1 and 3 of 8.
    assert Blur(padding=1, stride=2)(IMPULSE)[0, 1].tolist() == [[1, 3], [3, 9]]


def test_upsampling_an_impulse_gives_four_times_the_filter_and_keeps_a_constant() -> None:
    doubled = Upsample()(IMPULSE)
    assert doubled.shape == (1, 2, 10, 10)
    assert not doubled[0, 0].any()
    assert doubled[0, 1, 3:7, 3:7].tolist() == (4 * torch.outer(ROW, ROW)).tolist()
    torch.testing.assert_close(Upsample()(torch.ones(1, 1, 6, 6))[0, 0, 1:-1, 1:-1], torch.ones(10, 10))


@pytest.mark.parametrize("doubles", [False, True])
def test_a_modulated_convolution_is_one_with_weights_of_its_own_for_each_image(doubles: bool) -> None:
    torch.manual_seed(0)
    convolution = ModulatedConv(6, 3, 4, 3, doubles=doubles)
    maps, styles = torch.randn(5, 3, 7, 8), torch.randn(5, 6) * 3
    made = convolution(maps, styles)
    for image, style, found in zip(maps, styles, made, strict=True):
        weights = weights_of(convolution, style)
        torch.testing.assert_close(weights.square().sum(dim=(1, 2, 3)), torch.ones(4))
        if doubles:
            # Zeros between the pixels, the transposed convolution, and the filter times four.
            larger = F.conv_transpose2d(image[None], weights.transpose(0, 1), stride=2)
            wanted = 4 * Blur(padding=1)(larger)[0]
            assert wanted.shape == (4, 14, 16)
        else:
            wanted = F.conv2d(image[None], weights, padding=1)[0]
        torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-6)


def test_demodulation_gives_the_outputs_the_variance_of_the_inputs_whatever_the_style() -> None:
    torch.manual_seed(0)
    convolution = ModulatedConv(6, 32, 16, 3)
    maps = torch.randn(8, 32, 16, 16)
    for size in (0.01, 1, 1000):
        # Zeros at the edge take some variance away.
        inside = convolution(maps, torch.randn(8, 6) * size)[:, :, 1:-1, 1:-1]
        assert inside.var().item() == pytest.approx(1, rel=0.05)


def test_without_demodulation_twice_the_scales_are_twice_the_output() -> None:
    to_image = ToImage(3, 5, 2)
    nn.init.zeros_(to_image.convolution.scales.bias)
    maps, style = torch.randn(2, 5, 4, 4), torch.randn(2, 3)
    torch.testing.assert_close(to_image(maps, 2 * style), 2 * to_image(maps, style))


def test_a_style_too_large_for_float16_gives_finite_maps_of_the_usual_size() -> None:
    torch.manual_seed(0)
    convolution = ModulatedConv(4, 8, 8, 3).float()
    maps, style = torch.randn(2, 8, 6, 6), torch.randn(2, 4) * 1e4
    with torch.autocast("cpu", torch.float16):
        made = convolution(maps.float(), style.float())
    assert made.dtype == torch.float16
    assert made.isfinite().all()
    torch.testing.assert_close(made.double(), convolution.double()(maps, style), atol=2e-2, rtol=2e-2)


def test_noise_is_that_of_one_pixel_times_the_strength_new_in_training_and_else_fixed() -> None:
    torch.manual_seed(0)
    noise, maps = Noise(4, 6), torch.zeros(3, 2, 4, 6)
    assert not noise(maps).any()  # it begins with the strength 0
    nn.init.constant_(noise.strength, 2.0)
    first, second = noise(maps), noise(maps)
    assert not torch.equal(first, second)
    assert torch.equal(first[:, 0], first[:, 1])
    assert not torch.equal(first[0], first[1])
    fixed = noise.eval()(maps)
    assert torch.equal(noise(maps), fixed)
    torch.testing.assert_close(fixed, (2 * noise.fixed).expand(3, 2, 4, 6))
    other = Noise(4, 6).eval()
    other.load_state_dict(noise.state_dict())
    assert torch.equal(other(maps), fixed)
