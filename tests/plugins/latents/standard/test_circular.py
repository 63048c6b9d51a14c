import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import i0, i1
from torch.distributions import VonMises

from gan_run import DataInfo, ImageShape, LatentContext, LatentModule, log_prob
from gan_run.plugins.latents.standard.circular import Circular

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))


def angle(learn_std: bool = False, min_std: float = 0.05, count: int = 1) -> LatentModule:
    return Circular(learn_std=learn_std, min_std=min_std, count=count).module(CONTEXT)


def pointing(angles: torch.Tensor, length: float = 1.0) -> torch.Tensor:
    return torch.stack([angles.cos(), angles.sin()], -1) * length


def test_it_is_uniform_around_the_circle() -> None:
    torch.manual_seed(0)
    drawn = angle().sample(10000)
    shares = torch.histc(drawn, 8, -math.pi, math.pi) / 10000
    torch.testing.assert_close(shares, torch.full((8,), 1 / 8), atol=0.02, rtol=0)
    assert angle().entropy().item() == pytest.approx(math.log(2 * math.pi), abs=1e-6)


def test_the_generator_is_given_cosine_and_sine() -> None:
    latent = angle()
    assert latent.width == 2
    found = latent.embed(torch.tensor([0.0, math.pi / 2, math.pi]))
    torch.testing.assert_close(found, torch.tensor([[1.0, 0], [0, 1], [-1, 0]]), atol=1e-6, rtol=0)


def test_the_generator_cannot_tell_an_angle_from_that_angle_once_around() -> None:
    value = angle().sample(20)
    torch.testing.assert_close(angle().embed(value + 2 * math.pi), angle().embed(value), atol=1e-5, rtol=0)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("length", [0.1, 1.0, 7.0])
def test_the_likelihood_worked_by_hand(length: float) -> None:
    # A concentration of one: exp(cos(error)) / (2 pi I0(1)), however long Q's vector is.
    params = pointing(torch.tensor([0.0, 0.0, math.pi / 2]), length)
    found = angle().log_likelihood(params, torch.tensor([0.0, math.pi / 3, -math.pi / 2]))
    expected = torch.tensor([1.0, 0.5, -1.0]) - math.log(2 * math.pi * i0(1.0))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@pytest.mark.usefixtures("float64")
def test_with_a_learnt_std_the_likelihood_is_that_of_torch_distributions() -> None:
    latent = angle(learn_std=True, min_std=0.1, count=2)
    params, value = torch.randn(20, 6), latent.sample(20)
    split = params.view(20, 2, 3)
    mean = torch.atan2(split[..., 1], split[..., 0])
    std = 0.1 + torch.log1p(split[..., 2].exp())
    expected = log_prob(VonMises(mean, 1 / std**2), value).sum(1)
    torch.testing.assert_close(latent.log_likelihood(params, value), expected, atol=1e-12, rtol=0)


@pytest.mark.usefixtures("float64")
@settings(max_examples=20)
@given(st.floats(-1, 6))
def test_the_density_integrates_to_one(sharpness: float) -> None:
    values = torch.linspace(-math.pi, math.pi, 20001, dtype=torch.float64)[:-1]
    params = torch.tensor([0.3, -0.8, -sharpness], dtype=torch.float64).expand(20000, 3)
    density = angle(learn_std=True).log_likelihood(params, values).exp()
    assert density.mean().item() * 2 * math.pi == pytest.approx(1, abs=1e-4)


def test_a_learnt_std_never_goes_below_its_floor() -> None:
    latent = angle(learn_std=True, min_std=0.2)
    best = latent.log_likelihood(torch.tensor([[1.0, 0.0, -1000.0]]), torch.tensor([0.0])).item()
    assert best == pytest.approx(25 - math.log(2 * math.pi * i0(25.0)), abs=1e-4)


def test_the_estimate_is_the_direction_and_keeps_any_batch_shape() -> None:
    values = torch.empty(2, 3).uniform_(-3, 3)
    torch.testing.assert_close(angle().estimate(pointing(values, 5.0)), values, atol=1e-5, rtol=0)


def test_refitting_finds_the_likeliest_concentration() -> None:
    torch.manual_seed(0)
    latent = angle()
    value = latent.sample(400)
    params = pointing(value + torch.randn(400) * 0.3)
    refitted = latent.refit_scale(params, value)(params, value).mean()
    # The fitted concentration is that whose expected cosine is the one observed.
    observed = (value - latent.estimate(params)).cos().mean().item()
    concentration = max((k / 100 for k in range(1, 5000)), key=lambda k: -abs(i1(k) / i0(k) - observed))
    expected = log_prob(VonMises(latent.estimate(params), torch.tensor(concentration)), value).mean()
    torch.testing.assert_close(refitted, expected, atol=1e-4, rtol=0)
    for factor in (0.8, 1.25):
        other = VonMises(latent.estimate(params), torch.tensor(concentration * factor))
        assert refitted > log_prob(other, value).mean()


@pytest.mark.parametrize("shift", [0.0, math.pi, math.pi / 2])
def test_refitting_a_q_that_is_perfect_or_all_wrong_stays_finite(shift: float) -> None:
    latent = angle()
    value = latent.sample(50)
    params = pointing(value + shift)
    assert latent.refit_scale(params, value)(params, value).isfinite().all()


def test_a_q_that_knows_nothing_is_worth_zero_nats_once_refitted() -> None:
    torch.manual_seed(0)
    latent = angle()
    params, value = pointing(latent.sample(4000)), latent.sample(4000)
    bound = latent.refit_scale(params[:2000], value[:2000])(params[2000:], value[2000:]).mean() + latent.entropy()
    assert bound.item() == pytest.approx(0, abs=0.01)


def test_recovery_is_one_for_a_perfect_q_and_zero_for_one_that_knows_nothing() -> None:
    value = torch.linspace(-math.pi, math.pi, 101)[:-1]
    assert angle().recovery(pointing(value), value).item() == pytest.approx(1.0, abs=1e-6)
    assert angle().recovery(pointing(torch.zeros(100)), value).item() == pytest.approx(0.0, abs=1e-5)
    assert angle().recovery(pointing(value + math.pi), value).item() == 0.0


def test_recovery_worked_by_hand() -> None:
    # Always a third of pi off: cos is 1/2, and values all around have a spread of one.
    value = torch.linspace(-math.pi, math.pi, 101)[:-1]
    assert angle().recovery(pointing(value + math.pi / 3), value).item() == pytest.approx(0.5, abs=1e-5)


def test_recovery_is_a_share_of_the_spread_about_the_mean_direction() -> None:
    # At 60 degrees to either side of 0 the mean cosine is 1/2, as is the spread. An error of 30 degrees is 1 - cos 30.
    value = torch.tensor([-math.pi / 3, math.pi / 3])
    found = angle().recovery(pointing(value + math.pi / 6), value).item()
    assert found == pytest.approx(1 - (1 - math.cos(math.pi / 6)) / 0.5, abs=1e-6)


def test_q_has_a_parameter_for_its_deviation_if_it_is_learnt() -> None:
    assert angle().posterior_width == 2
    assert angle(learn_std=True).posterior_width == 3


def test_a_traversal_goes_once_around_and_shows_no_angle_twice() -> None:
    grid = angle().traversal_values(4)
    torch.testing.assert_close(grid, torch.tensor([-1.0, -0.5, 0.0, 0.5]) * math.pi)
    torch.testing.assert_close(angle().traversal_values(3, 0.0, 2.0), torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(angle().traversal_values(2, low=0.0), torch.tensor([0.0, math.pi]))
    torch.testing.assert_close(angle().traversal_values(2, high=0.0), torch.tensor([-math.pi, 0.0]))


def test_the_gradient_reaches_the_direction_and_the_std() -> None:
    params = torch.tensor([[1.0, 0.5, 0.0]], requires_grad=True)
    angle(learn_std=True).log_likelihood(params, torch.tensor([2.0])).sum().backward()
    assert params.grad is not None
    assert params.grad.ne(0).all()


@pytest.mark.parametrize("min_std", [0, -1])
def test_a_declaration_needs_a_floor(min_std: float) -> None:
    with pytest.raises(ValidationError):
        Circular(min_std=min_std)
