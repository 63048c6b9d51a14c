import math

import pytest
import torch
from torch.distributions import Normal

from gan_run import DataInfo, ImageShape, LatentContext, LatentModule
from gan_run.plugins.latents.standard.gaussian import Gaussian

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))


def gaussian(count: int = 1) -> LatentModule:
    return Gaussian(count=count).module(CONTEXT)


def test_the_entropy_is_that_of_the_standard_normal_per_copy() -> None:
    assert gaussian().entropy().item() == pytest.approx(1.4189385, abs=1e-6)
    assert gaussian().entropy().item() == pytest.approx(Normal(0.0, 1.0).entropy().item(), abs=1e-6)
    assert gaussian(3).entropy().item() == pytest.approx(3 * 1.4189385, abs=1e-5)


def test_draws_are_standard_normal() -> None:
    torch.manual_seed(0)
    drawn = gaussian().sample(10000).sort().values
    quantiles = Normal(0.0, 1.0).icdf(torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95]))
    torch.testing.assert_close(drawn[[500, 2500, 5000, 7500, 9500]], quantiles, atol=0.06, rtol=0)


def test_another_mean_and_deviation() -> None:
    latent = Gaussian(mean=3.0, std=0.5).module(CONTEXT)
    expected = Normal(3.0, 0.5)
    assert latent.entropy().item() == pytest.approx(expected.entropy().item(), abs=1e-6)
    torch.manual_seed(0)
    drawn = latent.sample(10000).sort().values
    quantiles = expected.icdf(torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95]))
    torch.testing.assert_close(drawn[[500, 2500, 5000, 7500, 9500]], quantiles, atol=0.03, rtol=0)
    assert latent.traversal_values(5).tolist() == [2, 2.5, 3, 3.5, 4]


def test_a_deviation_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="std"):
        Gaussian(std=0)


def test_the_generator_is_given_the_number_itself() -> None:
    assert gaussian().embed(torch.tensor([0.5, -3.0])).tolist() == [[0.5], [-3.0]]


def test_a_traversal_goes_two_deviations_to_each_side_by_default() -> None:
    assert gaussian().traversal_values(5).tolist() == [-2, -1, 0, 1, 2]
    assert gaussian().traversal_values(3, 0, math.e).tolist() == pytest.approx([0, math.e / 2, math.e])


def test_any_number_can_be_set() -> None:
    assert gaussian().value(7).item() == 7.0
