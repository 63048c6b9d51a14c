"""What uniform and gaussian latents share: a Gaussian Q of fixed or learnt deviation."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.distributions import Normal

from gan_run import DataInfo, ImageShape, LatentContext, log_prob
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.normal_posterior import NormalPosterior
from gan_run.plugins.latents.standard.uniform import Uniform

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))
BOTH = pytest.mark.parametrize("declared", [Uniform, Gaussian])
HALF_LN_2PI = 0.5 * math.log(2 * math.pi)


@BOTH
@pytest.mark.usefixtures("float64")
def test_with_unit_variance_the_likelihood_is_half_the_squared_error(declared: type[NormalPosterior]) -> None:
    latent = declared().module(CONTEXT)
    assert latent.posterior_width == 1
    found = latent.log_likelihood(torch.tensor([[0.5], [-1.0]]), torch.tensor([0.1, 1.0]))
    torch.testing.assert_close(found, torch.tensor([-0.08, -2.0]) - HALF_LN_2PI, atol=1e-12, rtol=0)


@BOTH
@pytest.mark.usefixtures("float64")
def test_with_a_learnt_deviation_the_likelihood_is_that_of_torch_distributions(
    declared: type[NormalPosterior],
) -> None:
    latent = declared(learn_std=True, min_std=0.1).module(CONTEXT)
    assert latent.posterior_width == 2
    params, value = torch.randn(20, 2) * 2, latent.sample(20)
    expected = log_prob(Normal(params[:, 0], 0.1 + torch.log1p(params[:, 1].exp())), value)
    torch.testing.assert_close(latent.log_likelihood(params, value), expected, atol=1e-12, rtol=0)


@pytest.mark.usefixtures("float64")
def test_a_learnt_deviation_worked_by_hand() -> None:
    # softplus(0) = ln 2; with a floor of 1 - ln 2 the deviation is 1.
    latent = Uniform(learn_std=True, min_std=1 - math.log(2)).module(CONTEXT)
    found = latent.log_likelihood(torch.tensor([[0.5, 0.0]]), torch.tensor([0.1]))
    torch.testing.assert_close(found, torch.tensor([-0.08 - HALF_LN_2PI]), atol=1e-12, rtol=0)


@BOTH
def test_a_learnt_deviation_never_goes_below_its_floor(declared: type[NormalPosterior]) -> None:
    latent = declared(learn_std=True, min_std=0.2).module(CONTEXT)
    best = latent.log_likelihood(torch.tensor([[0.3, -1000.0]]), torch.tensor([0.3]))
    assert best.item() == pytest.approx(-math.log(0.2) - HALF_LN_2PI, abs=1e-6)


@BOTH
@pytest.mark.parametrize("learn_std", [False, True])
def test_the_estimate_is_the_mean_and_keeps_any_batch_shape(declared: type[NormalPosterior], learn_std: bool) -> None:
    latent = declared(learn_std=learn_std).module(CONTEXT)
    params = torch.randn(2, 3, latent.posterior_width)
    assert torch.equal(latent.estimate(params), params[..., 0])


@BOTH
@pytest.mark.usefixtures("float64")
def test_refitting_finds_the_deviation_under_which_the_residuals_are_likeliest(
    declared: type[NormalPosterior],
) -> None:
    torch.manual_seed(0)
    latent = declared(count=2).module(CONTEXT)
    value = latent.sample(200)
    params = value + torch.randn(200, 2) * torch.tensor([0.05, 0.4])
    refitted = latent.refit_scale(params, value)(params, value).mean()
    spread = (value - params).square().mean(0).sqrt()
    torch.testing.assert_close(refitted, log_prob(Normal(params, spread), value).sum(1).mean())
    for factor in (0.9, 1.1):
        assert refitted > log_prob(Normal(params, spread * factor), value).sum(1).mean()
    assert refitted > latent.log_likelihood(params, value).mean()


@BOTH
def test_refitting_is_scored_on_other_values_than_it_was_fitted_to(declared: type[NormalPosterior]) -> None:
    latent = declared().module(CONTEXT)
    fitted = latent.refit_scale(torch.tensor([[0.0], [0.0]]), torch.tensor([0.5, -0.5]))  # residuals of deviation 0.5
    found = fitted(torch.tensor([[1.0]]), torch.tensor([2.0]))
    assert found.item() == pytest.approx(-math.log(0.5) - HALF_LN_2PI - 0.5 * (1 / 0.5) ** 2, abs=1e-5)


@BOTH
def test_refitting_a_perfect_q_stays_finite(declared: type[NormalPosterior]) -> None:
    latent = declared().module(CONTEXT)
    value = torch.tensor([0.5, -0.5])
    assert latent.refit_scale(value[:, None], value)(value[:, None], value).isfinite().all()


@BOTH
@pytest.mark.parametrize("learn_std", [False, True])
def test_a_perfect_q_recovers_everything(declared: type[NormalPosterior], learn_std: bool) -> None:
    latent = declared(learn_std=learn_std, count=2).module(CONTEXT)
    value = latent.sample(50)
    params = torch.stack([value, torch.zeros_like(value)], -1) if learn_std else value[..., None]
    assert latent.recovery(params.flatten(1), value).item() == 1.0


@BOTH
def test_a_q_that_always_says_the_mean_recovers_nothing(declared: type[NormalPosterior]) -> None:
    latent = declared().module(CONTEXT)
    value = latent.sample(50)
    assert latent.recovery(value.mean().expand(50, 1), value).item() == pytest.approx(0.0, abs=1e-5)


@BOTH
def test_a_q_worse_than_the_mean_recovers_nothing_rather_than_less(declared: type[NormalPosterior]) -> None:
    latent = declared().module(CONTEXT)
    value = latent.sample(50)
    assert latent.recovery(-5 * value[:, None], value).item() == 0.0


@BOTH
def test_recovery_is_the_share_of_the_variance_that_is_explained(declared: type[NormalPosterior]) -> None:
    # Residuals are 0.5 throughout and values +1 or -1: 1 - 0.25 / 1.
    value = torch.tensor([1.0, -1.0, 1.0, -1.0])
    assert declared().module(CONTEXT).recovery(value[:, None] * 0.5, value).item() == pytest.approx(0.75)


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 8), st.floats(-3, 3), st.integers(0, 100))
def test_recovery_is_a_share_whatever_the_batch(count: int, n: int, factor: float, seed: int) -> None:
    torch.manual_seed(seed)
    latent = Uniform(count=count).module(CONTEXT)
    value = latent.sample(n)
    found = latent.recovery((value * factor).view(n, count) + torch.randn(n, count), value)
    assert 0 <= found.item() <= 1


@pytest.mark.parametrize("wrong", [{"min_std": 0}, {"min_std": -1}, {"low": math.inf}, {"min_sdt": 1}])
def test_a_declaration_with_no_floor_or_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Uniform.model_validate(wrong)
