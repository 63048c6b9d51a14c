import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from gan_run import Loss
from gan_run.plugins.losses.adversarial.hinge import Hinge
from gan_run.plugins.losses.adversarial.least_squares import LeastSquares
from gan_run.plugins.losses.adversarial.minimax import Minimax
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.adversarial.relativistic import Relativistic
from gan_run.plugins.losses.adversarial.relativistic_average import RelativisticAverage
from gan_run.plugins.losses.adversarial.wasserstein import Wasserstein

CROSS_ENTROPIES = pytest.mark.parametrize("loss", [Minimax(), NonSaturating()], ids=lambda loss: loss.name())
EVERY_LOSS = [
    Hinge(),
    LeastSquares(),
    Minimax(),
    NonSaturating(),
    Relativistic(),
    RelativisticAverage(),
    Wasserstein(),
]
EVERY = pytest.mark.parametrize("loss", EVERY_LOSS, ids=lambda loss: loss.name())
SHIFT_INVARIANT = pytest.mark.parametrize(
    "loss", [Relativistic(), RelativisticAverage(), Wasserstein()], ids=lambda loss: loss.name()
)
LN2, LN3 = math.log(2), math.log(3)

pytestmark = pytest.mark.usefixtures("float64")

Objective = Callable[[Loss, str, list[float], list[float]], tuple[Tensor, Tensor, Tensor]]


@pytest.fixture(scope="session")
def objective(seat: Callable[..., Any]) -> Objective:
    """The objective, and the logits of real and fake images as leaves."""

    def ask(loss: Loss, player: str, real: list[float], fake: list[float]) -> tuple[Tensor, Tensor, Tensor]:
        leaves = [torch.tensor(logits).double().view(-1, 1, 1, 1).requires_grad_() for logits in (real, fake)]
        value, _ = seat(loss, pixels=1).ask(player, *leaves)
        return value, *leaves

    return ask


def gradient(value: Tensor, leaf: Tensor) -> list[float]:
    (found,) = torch.autograd.grad(value, leaf, retain_graph=True, allow_unused=True, materialize_grads=True)
    return [float(number) for number in found.flatten()]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@CROSS_ENTROPIES
def test_the_discriminators_value_worked_by_hand(objective: Objective, loss: Loss) -> None:
    # -log D: ln 2 and ln 4/3 of the real ones; -log (1 - D): ln 2 and ln 4 of the fake ones.
    value, _, _ = objective(loss, "discriminator", [0, LN3], [0, LN3])
    assert value.item() == pytest.approx((LN2 + math.log(4 / 3)) / 2 + (LN2 + math.log(4)) / 2, abs=1e-12)


def test_the_non_saturating_generators_value_worked_by_hand(objective: Objective) -> None:
    # -log D: D is 1/2 and 3/4.
    value, _, _ = objective(NonSaturating(), "generator", [9], [0, LN3])
    assert value.item() == pytest.approx((LN2 + math.log(4 / 3)) / 2, abs=1e-12)


def test_the_minimax_generators_value_worked_by_hand(objective: Objective) -> None:
    # log (1 - D): D is 1/2 and 3/4.
    value, _, _ = objective(Minimax(), "generator", [9], [0, LN3])
    assert value.item() == pytest.approx(-(LN2 + math.log(4)) / 2, abs=1e-12)


@pytest.mark.parametrize(
    ("loss", "real", "fake", "discriminators", "generators"),
    [
        # Halves of the mean squares of -1, 1 and of 1, -1; of 0, -2.
        (LeastSquares(), [0, 2], [1, -1], 1.0, 1.0),
        # The same with targets -1, 1, 0: of -1, 1 and of 2, -1; of 1, -2.
        (LeastSquares(fake_target=-1, real_target=1, generator_target=0), [0, 2], [1, -2], 1.75, 1.25),
        # Beyond the margins 0 and 2 to -2 cost nothing: the means of 1, 0 and of 2, 0.
        (Hinge(), [0, 2], [1, -2], 1.5, 0.5),
        (Wasserstein(), [0, 2], [1, -2], -1.5, 0.5),
        # Pairs that differ by 0 and by ln 3.
        (Relativistic(), [5, LN3], [5, 0], (LN2 + math.log(4 / 3)) / 2, (LN2 + math.log(4)) / 2),
        # Both averages are 0.
        (RelativisticAverage(), [LN3, -LN3], [0, 0], LN2 + math.log(16 / 3) / 2, LN2 + math.log(16 / 3) / 2),
        # The averages are ln 3 apart.
        (RelativisticAverage(), [LN3, LN3], [0, 0], 2 * math.log(4 / 3), 2 * math.log(4)),
    ],
    ids=lambda value: value.name() if isinstance(value, Loss) else "",
)
def test_both_values_worked_by_hand(
    objective: Objective, loss: Loss, real: list[float], fake: list[float], discriminators: float, generators: float
) -> None:
    assert objective(loss, "discriminator", real, fake)[0].item() == pytest.approx(discriminators, abs=1e-12)
    assert objective(loss, "generator", real, fake)[0].item() == pytest.approx(generators, abs=1e-12)


@CROSS_ENTROPIES
def test_the_discriminators_value_is_binary_cross_entropy(objective: Objective, loss: Loss) -> None:
    real, fake = torch.randn(2, 7) * 3
    value, _, _ = objective(loss, "discriminator", real.tolist(), fake.tolist())
    expected = F.binary_cross_entropy_with_logits(real, torch.ones(7)) + F.binary_cross_entropy_with_logits(
        fake, torch.zeros(7)
    )
    assert value.item() == pytest.approx(expected.item(), abs=1e-12)


@CROSS_ENTROPIES
def test_the_discriminator_raises_real_logits_and_lowers_fake_ones(objective: Objective, loss: Loss) -> None:
    value, real, fake = objective(loss, "discriminator", [0.5, -2], [1, -3])
    assert gradient(value, real) == pytest.approx([-sigmoid(-0.5) / 2, -sigmoid(2) / 2], abs=1e-12)
    assert gradient(value, fake) == pytest.approx([sigmoid(1) / 2, sigmoid(-3) / 2], abs=1e-12)


def test_the_non_saturating_generator_raises_fake_logits_most_where_they_are_low(objective: Objective) -> None:
    value, real, fake = objective(NonSaturating(), "generator", [0.5], [1, -3])
    assert gradient(value, fake) == pytest.approx([-sigmoid(-1) / 2, -sigmoid(3) / 2], abs=1e-12)
    assert gradient(value, real) == [0.0]


def test_the_minimax_generator_raises_fake_logits_least_where_they_are_low(objective: Objective) -> None:
    value, real, fake = objective(Minimax(), "generator", [0.5], [1, -3])
    assert gradient(value, fake) == pytest.approx([-sigmoid(1) / 2, -sigmoid(-3) / 2], abs=1e-12)
    assert gradient(value, real) == [0.0]


@EVERY
def test_the_discriminator_tells_them_apart_and_the_generator_moves_fakes_up(objective: Objective, loss: Loss) -> None:
    # Logits that no loss is content with yet.
    value, real, fake = objective(loss, "discriminator", [-0.5, 0.25], [0.5, 0.125])
    assert all(slope < 0 for slope in gradient(value, real))
    assert all(slope > 0 for slope in gradient(value, fake))
    value, _, fake = objective(loss, "generator", [-0.5, 0.25], [0.5, 0.125])
    assert all(slope < 0 for slope in gradient(value, fake))


@EVERY
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_its_gradient_is_that_of_its_value(objective: Objective, loss: Loss, player: str) -> None:
    real, fake = [-0.5, 0.25, 3.0], [0.5, 0.125, -2.0]
    value, *leaves = objective(loss, player, real, fake)
    step = 1e-6
    for side, leaf in enumerate(leaves):
        for index, slope in enumerate(gradient(value, leaf)):
            up, down = [list(real), list(fake)], [list(real), list(fake)]
            up[side][index] += step
            down[side][index] -= step
            rise = objective(loss, player, *up)[0].item() - objective(loss, player, *down)[0].item()
            assert slope == pytest.approx(rise / (2 * step), abs=1e-8)


@SHIFT_INVARIANT
@given(st.floats(-1e3, 1e3), st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=5))
def test_the_discriminator_is_judged_by_differences_alone(
    objective: Objective, loss: Loss, shift: float, pairs: list[tuple[float, float]]
) -> None:
    real, fake = [a for a, _ in pairs], [b for _, b in pairs]
    here, *_ = objective(loss, "discriminator", real, fake)
    there, *_ = objective(loss, "discriminator", [a + shift for a in real], [b + shift for b in fake])
    assert there.item() == pytest.approx(here.item(), abs=1e-9)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=5))
def test_a_pair_is_compared_with_its_own_partner_alone(objective: Objective, pairs: list[tuple[float, float]]) -> None:
    together, *_ = objective(Relativistic(), "generator", [a for a, _ in pairs], [b for _, b in pairs])
    alone = [objective(Relativistic(), "generator", [a], [b])[0].item() for a, b in pairs]
    assert together.item() == pytest.approx(sum(alone) / len(alone), abs=1e-12)


def test_the_minimax_players_share_one_value_of_which_the_generator_sees_the_fakes(
    objective: Objective,
) -> None:
    both, _, fake = objective(Minimax(), "discriminator", [0.5, -2], [1, -3])
    generators, _, its_fake = objective(Minimax(), "generator", [0.5, -2], [1, -3])
    assert gradient(both, fake) == pytest.approx([-g for g in gradient(generators, its_fake)], abs=1e-12)


@EVERY
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_extreme_logits_stay_finite_and_so_do_their_gradients(objective: Objective, loss: Loss, player: str) -> None:
    value, real, fake = objective(loss, player, [1e4, -1e4], [1e4, -1e4])
    assert math.isfinite(value.item())
    assert all(map(math.isfinite, gradient(value, real) + gradient(value, fake)))


@CROSS_ENTROPIES
def test_a_batch_of_one_has_the_value_of_its_image(objective: Objective, loss: Loss) -> None:
    value, _, _ = objective(loss, "discriminator", [0], [0])
    assert value.shape == ()
    assert value.item() == pytest.approx(2 * LN2, abs=1e-12)


@EVERY
def test_it_speaks_to_both_players_and_no_other_and_brings_nothing(seat: Callable[..., Any], loss: Loss) -> None:
    term = seat(loss).term
    assert [term.has_objective_for(player) for player in ("discriminator", "generator", "judge")] == [True, True, False]
    assert not list(term.parameters())
    assert term.trained_by() == {}
    assert term.encoder() is None
