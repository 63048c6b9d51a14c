import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.distributions import OneHotCategorical

from gan_run import DataInfo, ImageShape, LatentContext, LatentModule, log_prob
from gan_run.plugins.latents.standard.categorical import Categorical

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))


def categories(classes: int, count: int = 1) -> LatentModule:
    return Categorical(classes=classes, count=count).module(CONTEXT)


@settings(max_examples=20)
@given(st.integers(2, 50), st.integers(1, 4))
def test_the_entropy_is_ln_k_per_copy(classes: int, count: int) -> None:
    assert categories(classes, count).entropy().item() == pytest.approx(count * math.log(classes), abs=1e-4)


def test_every_category_is_equally_likely() -> None:
    torch.manual_seed(0)
    drawn = categories(5).sample(10000)
    assert drawn.dtype == torch.int64
    shares = torch.bincount(drawn, minlength=5) / 10000
    torch.testing.assert_close(shares, torch.full((5,), 0.2), atol=0.02, rtol=0)


def test_the_generator_is_given_a_one_hot_row() -> None:
    embedded = categories(3).embed(torch.tensor([2, 0]))
    assert embedded.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert embedded.dtype == torch.float32


def test_embedding_keeps_any_batch_shape() -> None:
    assert categories(3).embed(torch.zeros(2, 5, dtype=torch.int64)).shape == (2, 5, 3)


@pytest.mark.usefixtures("float64")
def test_the_likelihood_of_logits_worked_by_hand() -> None:
    # exp gives 1 : 2 : 5, so the probabilities are 1/8, 1/4, 5/8.
    params = torch.tensor([[0.0, math.log(2), math.log(5)]]).expand(3, 3)
    expected = torch.tensor([math.log(1 / 8), math.log(1 / 4), math.log(5 / 8)])
    torch.testing.assert_close(categories(3).log_likelihood(params, torch.arange(3)), expected, atol=1e-12, rtol=0)


@pytest.mark.usefixtures("float64")
def test_the_likelihood_is_that_of_torch_distributions() -> None:
    latent = categories(7)
    params, value = torch.randn(20, 7) * 3, latent.sample(20)
    expected = log_prob(OneHotCategorical(logits=params), torch.eye(7)[value])
    torch.testing.assert_close(latent.log_likelihood(params, value), expected, atol=1e-12, rtol=0)


@pytest.mark.usefixtures("float64")
def test_a_constant_on_all_logits_changes_no_likelihood() -> None:
    latent = categories(4)
    params, value = torch.randn(9, 4), latent.sample(9)
    torch.testing.assert_close(latent.log_likelihood(params + 30, value), latent.log_likelihood(params, value))


def test_confident_logits_reach_a_likelihood_of_one_and_stay_finite_when_wrong() -> None:
    # After a softmax too many, the best would be e / (e + 2).
    params = torch.tensor([[1000.0, 0.0, 0.0]])
    assert categories(3).log_likelihood(params, torch.tensor([0])).item() == 0.0
    assert categories(3).log_likelihood(params, torch.tensor([1])).item() == -1000.0


def test_refitting_changes_nothing_for_want_of_a_scale() -> None:
    latent = categories(4)
    params, value = torch.randn(9, 4), latent.sample(9)
    assert torch.equal(latent.refit_scale(params, value)(params, value), latent.log_likelihood(params, value))


def test_a_perfect_q_recovers_everything() -> None:
    value = torch.arange(4).repeat(3)
    assert categories(4).recovery(1e4 * torch.eye(4)[value], value).item() == 1.0


def test_an_uninformative_q_recovers_nothing() -> None:
    value = torch.arange(4).repeat(3)
    assert categories(4).recovery(torch.zeros(12, 4), value).item() == pytest.approx(0.0, abs=1e-6)


def test_a_q_that_is_wrong_recovers_nothing_rather_than_less() -> None:
    value = torch.arange(4).repeat(3)
    assert categories(4).recovery(-1e4 * torch.eye(4)[value], value).item() == 0.0


def test_a_q_that_knows_half_of_the_bits_recovers_half() -> None:
    # It tells {0, 1} from {2, 3} and no more: ln 2 of ln 4.
    value = torch.arange(4)
    params = 20 * torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    assert categories(4).recovery(params, value).item() == pytest.approx(0.5, abs=1e-6)


@settings(max_examples=30)
@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 100))
def test_recovery_is_a_share(classes: int, count: int, seed: int) -> None:
    torch.manual_seed(seed)
    latent = categories(classes, count)
    found = latent.recovery(torch.randn(8, classes * count) * 5, latent.sample(8))
    assert 0 <= found.item() <= 1


def test_the_estimate_is_the_likeliest_category() -> None:
    assert categories(3).estimate(torch.tensor([[0.1, 0.3, 0.2], [9.0, 1.0, 2.0]])).tolist() == [1, 0]


def test_a_traversal_shows_every_category_however_many_steps_are_asked_for() -> None:
    assert categories(4).traversal_values(10, -2, 2).tolist() == [0, 1, 2, 3]


def test_a_category_can_be_set() -> None:
    value = categories(4).value(3.0)
    assert value.item() == 3
    assert value.dtype == torch.int64


@pytest.mark.parametrize("number", [-1, 4, 1.5, math.inf, -math.inf, math.nan])
def test_what_is_no_category_is_refused_with_what_is(number: float) -> None:
    with pytest.raises(ValueError, match=r"is not a category: they are 0 to 3"):
        categories(4).value(number)


@pytest.mark.parametrize("wrong", [{"classes": 1}, {}, {"classes": 3, "count": 0}])
def test_a_declaration_needs_two_classes_and_one_copy(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Categorical.model_validate(wrong)
