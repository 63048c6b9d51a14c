import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions

from gan_run import DataInfo, ImageShape, LatentContext, LatentModule
from gan_run.plugins.latents.standard.uniform import Uniform

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))
BOUNDS = st.floats(-100, 100, width=32)


def uniform(low: float = -1, high: float = 1, count: int = 1) -> LatentModule:
    return Uniform(low=low, high=high, count=count).module(CONTEXT)


def test_the_entropy_of_the_papers_codes_is_ln_2() -> None:
    assert uniform().entropy().item() == pytest.approx(math.log(2), abs=1e-6)


@settings(max_examples=30)
@given(BOUNDS, st.floats(0.125, 100, width=32), st.integers(1, 4))
def test_the_entropy_is_the_logarithm_of_the_range_per_copy(low: float, span: float, count: int) -> None:
    high = low + span
    expected = distributions.Uniform(low, high).entropy().item() * count
    assert uniform(low, high, count).entropy().item() == pytest.approx(expected, abs=1e-4)


def test_the_prior_is_even_from_bound_to_bound_and_nothing_beyond() -> None:
    values = torch.tensor([-1.0, 0.5, 3.0, -1.001, 3.001], dtype=torch.float64)
    found = uniform(-1, 3).log_prior(values)
    assert found.dtype == torch.float64
    assert found.tolist() == pytest.approx([-math.log(4)] * 3 + [-math.inf] * 2)


@settings(max_examples=30)
@given(BOUNDS, st.floats(0.125, 100, width=32))
def test_draws_stay_within_the_range_and_fill_it(low: float, span: float) -> None:
    torch.manual_seed(0)
    drawn = uniform(low, low + span).sample(1000)
    assert low <= drawn.min()
    assert drawn.max() <= low + span
    assert drawn.mean().item() == pytest.approx(low + span / 2, abs=span / 20)
    assert drawn.var().item() == pytest.approx(span**2 / 12, rel=0.15)


def test_the_generator_is_given_the_number_itself() -> None:
    assert uniform().embed(torch.tensor([0.5, -1.0])).tolist() == [[0.5], [-1.0]]


def test_a_traversal_goes_from_end_to_end_of_the_range_by_default() -> None:
    assert uniform(-1, 3).traversal_values(5).tolist() == [-1, 0, 1, 2, 3]


def test_a_traversal_may_go_beyond_what_was_trained_on() -> None:
    assert uniform().traversal_values(3, -2, 2).tolist() == [-2, 0, 2]
    assert uniform().traversal_values(3, low=0).tolist() == [0, 0.5, 1]
    assert uniform().traversal_values(3, high=0).tolist() == [-1, -0.5, 0]


def test_any_number_can_be_set() -> None:
    assert uniform().value(-2).item() == -2.0


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, -1.0)])
def test_a_range_of_nothing_is_a_placed_problem(low: float, high: float) -> None:
    (problem,) = Uniform(low=low, high=high).check(None)  # type: ignore[arg-type]  # needs nothing of the spec
    assert problem.place == ("low",)
    assert f"{low:g} is not below high, {high:g}" in problem.message


def test_a_range_of_something_is_no_problem() -> None:
    assert not list(Uniform(low=0, high=0.1).check(None))  # type: ignore[arg-type]  # needs nothing of the spec
