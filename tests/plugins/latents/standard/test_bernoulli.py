import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.distributions import Bernoulli as BernoulliDistribution

from gan_run import DataInfo, ImageShape, LatentContext, LatentModule, log_prob
from gan_run.plugins.latents.standard.bernoulli import Bernoulli

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))


def switch(probability: float = 0.5, count: int = 1) -> LatentModule:
    return Bernoulli(probability=probability, count=count).module(CONTEXT)


def test_it_is_on_as_often_as_declared() -> None:
    torch.manual_seed(0)
    drawn = switch(0.3).sample(10000)
    assert drawn.dtype == torch.int64
    assert set(drawn.tolist()) == {0, 1}
    assert drawn.float().mean().item() == pytest.approx(0.3, abs=0.02)


@settings(max_examples=20)
@given(st.floats(0.01, 0.99), st.integers(1, 4))
def test_the_entropy_is_that_of_a_biased_coin_per_copy(p: float, count: int) -> None:
    fakes = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert switch(p, count).entropy().item() == pytest.approx(count * fakes, abs=1e-5)


def test_the_generator_is_given_one_or_minus_one() -> None:
    assert switch().embed(torch.tensor([1, 0])).tolist() == [[1.0], [-1.0]]
    assert switch(count=3).embed(torch.tensor([[1, 0, 1]])).tolist() == [[1.0, -1.0, 1.0]]


@pytest.mark.usefixtures("float64")
def test_the_likelihood_of_log_odds_worked_by_hand() -> None:
    params = torch.tensor([[math.log(3)], [math.log(3)]])  # on: 3 / 4
    expected = torch.tensor([math.log(3 / 4), math.log(1 / 4)])
    torch.testing.assert_close(switch().log_likelihood(params, torch.tensor([1, 0])), expected, atol=1e-12, rtol=0)


@pytest.mark.usefixtures("float64")
def test_the_likelihood_is_that_of_torch_distributions() -> None:
    latent = switch(count=2)
    params, value = torch.randn(20, 2) * 3, latent.sample(20)
    expected = log_prob(BernoulliDistribution(logits=params), value.double()).sum(1)
    torch.testing.assert_close(latent.log_likelihood(params, value), expected, atol=1e-12, rtol=0)


def test_the_estimate_is_the_likelier_state_and_a_number_even_at_even_odds() -> None:
    assert switch().estimate(torch.tensor([[0.1], [-0.1], [0.0]])).tolist() == [1, 0, 0]


def test_a_perfect_q_recovers_everything_and_an_uninformative_one_nothing() -> None:
    value = torch.tensor([0, 1, 1, 0])
    assert switch().recovery((value * 2.0 - 1)[:, None] * 1e4, value).item() == 1.0
    assert switch().recovery(torch.zeros(4, 1), value).item() == pytest.approx(0.0, abs=1e-6)
    assert switch().recovery((1 - value * 2.0)[:, None] * 1e4, value).item() == 0.0


def test_the_gradient_reaches_the_log_odds() -> None:
    params = torch.zeros(2, 1, requires_grad=True)
    switch().log_likelihood(params, torch.tensor([1, 0])).sum().backward()
    assert params.grad is not None
    assert params.grad.flatten().tolist() == [0.5, -0.5]


def test_a_traversal_shows_both_states() -> None:
    assert switch().traversal_values(10, -2, 2).tolist() == [0, 1]


def test_the_generators_input_is_a_real_number() -> None:
    embedded = switch().embed(torch.tensor([0, 1]))
    assert (embedded.dtype, embedded.tolist()) == (torch.float32, [[-1.0], [1.0]])


def test_its_prior_has_the_probability_of_each_state() -> None:
    module = Bernoulli(probability=0.2).build(LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1})))
    assert module.log_prior(torch.tensor([1, 0])).exp().tolist() == pytest.approx([0.2, 0.8])


def test_its_values_are_off_and_on() -> None:
    assert switch().value(1).item() == 1
    with pytest.raises(ValueError, match="they are 0 to 1"):
        switch().value(2)


@pytest.mark.parametrize("probability", [0, 1, -0.1, 1.1])
def test_what_is_always_on_or_off_is_no_switch(probability: float) -> None:
    with pytest.raises(ValidationError):
        Bernoulli(probability=probability)
