import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_run.plugins.metrics.code_factor_correlation.association import Numbers, Variable, associate

KINDS = ("continuous", "angle", "categorical")


def continuous(values: object) -> Variable:
    return Variable("continuous", np.asarray(values, dtype=np.float64))


def angle(values: object) -> Variable:
    return Variable("angle", np.asarray(values, dtype=np.float64))


def categorical(values: object) -> Variable:
    return Variable("categorical", np.asarray(values, dtype=np.float64))


def normal(n: int, seed: int = 0) -> Numbers:
    return np.random.default_rng(seed).normal(size=n)


def test_spearman_worked_by_hand() -> None:
    # Ranks differ by 1, 1, 0, 0: 1 - 6 * 2 / (4 * 15) = 0.8. Only the order counts, and not its direction.
    found = associate(continuous([1, 2, 3, 4]), continuous([200, 100, 300, 9000]))
    assert found.measure == "spearman"
    assert found.strength == pytest.approx(0.8)
    assert associate(continuous([1, 2, 3, 4]), continuous([-200, -100, -300, -9000])).strength == pytest.approx(0.8)


def test_an_angle_that_is_turned_is_the_same_angle() -> None:
    angles = np.linspace(0, 2 * math.pi, 50, endpoint=False)
    found = associate(angle(angles), angle(angles + 1.3))
    assert found.measure == "circular"
    assert found.strength == pytest.approx(1)
    assert associate(angle(angles), angle(-angles)).strength == pytest.approx(1)  # or goes the other way round


def test_an_angle_that_goes_there_and_back_is_no_turn() -> None:
    # Of the other angle it says left from right, and not the front from the back.
    angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    folded = np.where(np.cos(angles) > 0, angles, math.pi - angles)
    assert associate(angle(folded), angle(angles)).strength == pytest.approx(0, abs=1e-9)


def test_the_circular_correlation_by_its_definition() -> None:
    # Fisher & Lee 1983, equation 2.2: over all pairs of observations.
    draw = np.random.default_rng(0)
    one = draw.uniform(0, 2 * math.pi, 40)
    other = one + draw.normal(0, 0.7, 40)
    i, j = np.triu_indices(40, k=1)
    first, second = np.sin(one[i] - one[j]), np.sin(other[i] - other[j])
    by_pairs = (first * second).sum() / math.sqrt((first**2).sum() * (second**2).sum())
    assert associate(angle(one), angle(other)).strength == pytest.approx(by_pairs)


def test_an_angle_does_not_mind_where_it_begins_unlike_a_rank_correlation() -> None:
    # A code that follows an angle but starts elsewhere on the circle.
    angles = np.linspace(-math.pi, math.pi, 1000, endpoint=False)
    shifted = np.mod(angles + 2 * math.pi, 2 * math.pi)
    assert associate(continuous(angles), continuous(shifted)).strength < 0.6
    assert associate(angle(angles), angle(shifted)).strength == pytest.approx(1)


def test_a_continuous_code_that_is_an_angles_cosine_is_wholly_known_from_it() -> None:
    # Evenly spaced cosines have evenly spread ranks only nearly; the ranks are what is compared.
    angles = np.linspace(0, math.pi, 500)
    found = associate(continuous(np.cos(angles)), angle(angles))
    assert found.measure == "circular-linear"
    assert found.strength > 0.98


def test_the_circular_linear_correlation_worked_by_hand() -> None:
    # At the four quarters, x = 1, 2, 3, 4 is 2.5 - cos - sin: R2 = (4 * (1/2 + 1/2)) / 5 = 0.8.
    quarters = np.array([0, 0.5, 1, 1.5]) * math.pi
    x = np.array([1.0, 2.0, 3.0, 4.0])
    columns = np.stack([np.ones(4), np.cos(quarters), np.sin(quarters)], 1)
    fitted = columns @ np.linalg.lstsq(columns, x, rcond=None)[0]
    fakes = math.sqrt(((fitted - 2.5) ** 2).sum() / ((x - 2.5) ** 2).sum())
    assert fakes == pytest.approx(math.sqrt(0.8))
    assert associate(continuous(x), angle(quarters)).strength == pytest.approx(fakes)


def test_nmi_worked_by_hand() -> None:
    # One bit of the other's two: I = ln 2, and the mean of the entropies is (ln 2 + ln 4) / 2.
    found = associate(categorical([0, 0, 1, 1]), categorical([0, 1, 2, 3]))
    assert found.measure == "nmi"
    assert found.strength == pytest.approx(2 / 3)
    assert associate(categorical([3, 3, 0, 0]), categorical([1, 1, 7, 7])).strength == pytest.approx(1)


def test_a_category_that_is_a_tenth_of_a_continuous_factor_is_strongly_associated() -> None:
    values = np.linspace(0, 1, 2000)
    found = associate(categorical(np.floor(values * 10).clip(0, 9)), continuous(values))
    # Twenty bins of ten categories: ln 10 of (ln 10 + ln 20) / 2.
    assert found.strength == pytest.approx(2 * math.log(10) / (math.log(10) + math.log(20)), abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_what_is_independent_is_hardly_associated(kind: str, other: str) -> None:
    made = {
        "continuous": lambda seed: continuous(normal(4000, seed)),
        "angle": lambda seed: angle(np.random.default_rng(seed).uniform(-math.pi, math.pi, 4000)),
        "categorical": lambda seed: categorical(np.random.default_rng(seed).integers(0, 5, 4000)),
    }
    assert associate(made[kind](1), made[other](2)).strength < 0.06


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_what_never_changes_is_associated_with_nothing(kind: str, other: str) -> None:
    still, moving = Variable(kind, np.ones(20)), Variable(other, np.arange(20.0) % 7)  # type: ignore[arg-type]
    assert associate(still, moving).strength == 0
    assert associate(moving, still).strength == 0
    assert associate(still, still).strength == 0


@settings(max_examples=60)
@given(
    st.sampled_from(KINDS),
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=40),
)
def test_a_strength_is_a_share_and_the_same_both_ways(one: str, other: str, pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(values, dtype=np.float64) for values in zip(*pairs, strict=True))
    there = associate(Variable(one, first), Variable(other, second))  # type: ignore[arg-type]
    back = associate(Variable(other, second), Variable(one, first))  # type: ignore[arg-type]
    assert 0 <= there.strength <= 1
    assert there.measure == back.measure
    assert there.strength == pytest.approx(back.strength, abs=1e-9)
