from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

from gan_run import Loss, SpecError, UpdateContext, read_spec
from gan_run.plugins.losses.penalties.gradient_penalty import Dragan, GradientPenalty
from gan_run.plugins.losses.penalties.r1_r2 import R1, R2
from gan_run.registry.plugins import Registry

ALL = [R1(), R2(), GradientPenalty(), GradientPenalty(one_sided=True), Dragan()]
EACH = pytest.mark.parametrize("loss", ALL, ids=["r1", "r2", "gradient-penalty", "one-sided", "dragan"])
ONE_CENTRED = pytest.mark.parametrize("loss", [GradientPenalty(), Dragan()], ids=lambda loss: loss.name())

pytestmark = pytest.mark.usefixtures("float64")

Penalise = Callable[[Loss, nn.Module, Tensor, Tensor], tuple[Tensor, UpdateContext]]


class HalfSquares(nn.Module):
    """Half the squared norm, whose gradient is the image itself."""

    def forward(self, vector: Tensor) -> Tensor:
        return vector.square().sum(dim=1) / 2


def straight(*weights: float) -> nn.Linear:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))
    return layer


def images(*vectors: tuple[float, float]) -> Tensor:
    return torch.tensor(vectors, dtype=torch.float64).view(-1, 1, 1, 2)


@pytest.fixture
def penalise(seat: Callable[..., Any]) -> Penalise:
    """The penalty on a discriminator of these layers, and the turn it was asked in."""

    def ask(loss: Loss, judge: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, UpdateContext]:
        value, update = seat(loss, judge).ask("discriminator", real, fake)
        return value, update

    return ask


def test_zero_centred_values_worked_by_hand(penalise: Penalise) -> None:
    # Of half squares the slope at an image is its own norm: 5 and 1 of the real ones, 2 and 0 of the fakes.
    real, fake = images((3, 4), (0, 1)), images((2, 0), (0, 0))
    value, update = penalise(R1(), HalfSquares(), real, fake)
    assert value.item() == pytest.approx((25 + 1) / 2 / 2)
    assert update.reports["key"]["grad_norm"].item() == pytest.approx(3)
    value, update = penalise(R2(), HalfSquares(), real, fake)
    assert value.item() == pytest.approx((4 + 0) / 2 / 2)
    assert update.reports["key"]["grad_norm"].item() == pytest.approx(1)


@ONE_CENTRED
def test_one_centred_values_worked_by_hand(penalise: Penalise, loss: Loss) -> None:
    value, update = penalise(loss, straight(3, 4), torch.randn(6, 1, 1, 2), torch.randn(6, 1, 1, 2))
    assert value.item() == pytest.approx((5 - 1) ** 2)
    assert update.reports["key"]["grad_norm"].item() == pytest.approx(5)


def test_one_sided_a_gentle_slope_costs_nothing_and_a_steep_one_as_much_as_ever(penalise: Penalise) -> None:
    real, fake = torch.randn(2, 6, 1, 1, 2)
    assert penalise(GradientPenalty(), straight(0.3, 0.4), real, fake)[0].item() == pytest.approx(0.25)
    assert penalise(GradientPenalty(one_sided=True), straight(0.3, 0.4), real, fake)[0].item() == 0
    assert penalise(GradientPenalty(one_sided=True), straight(3, 4), real, fake)[0].item() == pytest.approx(16)


@EACH
def test_the_value_is_that_of_each_images_own_gradient(
    penalise: Penalise, seat: Callable[..., Any], loss: Loss
) -> None:
    judge = nn.Sequential(nn.Linear(2, 7), nn.Tanh(), nn.Linear(7, 1))
    real, fake = torch.randn(2, 5, 1, 1, 2)
    torch.manual_seed(4)
    value, update = penalise(loss, judge, real, fake)

    torch.manual_seed(4)
    points = {"real": real, "fake": fake, **seat(loss, judge).term.extra_inputs("discriminator", real, fake)}
    (looked_at,) = {"r1": ["real"], "r2": ["fake"]}.get(loss.name(), ["points"])
    norms = []
    for point in points[looked_at]:
        slope = jacobian(lambda image: judge(image.flatten()).sum(), point)
        assert isinstance(slope, Tensor)
        norms.append(slope.norm())
    squares = torch.stack(norms).square() / 2 if looked_at != "points" else (torch.stack(norms) - 1).square()
    if isinstance(loss, GradientPenalty) and loss.one_sided:
        squares = (torch.stack(norms) - 1).relu().square()
    assert value.item() == pytest.approx(squares.mean().item(), abs=1e-12)
    assert update.reports["key"]["grad_norm"].item() == pytest.approx(torch.stack(norms).mean().item(), abs=1e-12)


@EACH
def test_it_moves_the_slope_and_not_the_offset(penalise: Penalise, loss: Loss) -> None:
    judge = straight(3, 4)
    value, _ = penalise(loss, judge, torch.randn(6, 1, 1, 2), torch.randn(6, 1, 1, 2))
    weight, bias = torch.autograd.grad(value, [judge.weight, judge.bias], allow_unused=True)
    # |w|^2 / 2 has the gradient w; (|w| - 1)^2 has 2 (|w| - 1) w / |w|.
    factor = 1.0 if loss.name() in ("r1", "r2") else 2 * (5 - 1) / 5
    torch.testing.assert_close(weight, factor * torch.tensor([[3.0, 4.0]]))
    assert bias is None


@EACH
def test_a_flat_discriminator_has_finite_gradients(penalise: Penalise, loss: Loss) -> None:
    judge = straight(0, 0)
    value, _ = penalise(loss, judge, torch.randn(3, 1, 1, 2), torch.randn(3, 1, 1, 2))
    assert torch.isfinite(torch.autograd.grad(value, judge.weight)[0]).all()


def test_wgan_gps_points_lie_between_real_and_fake_each_at_a_share_of_its_own(
    seat: Callable[..., Any],
) -> None:
    term = seat(GradientPenalty(), straight(1, 1)).term
    real, fake = torch.randn(2, 50, 1, 1, 2)
    shares = (term.extra_inputs("discriminator", real, fake)["points"] - fake) / (real - fake)
    torch.testing.assert_close(shares[..., 0], shares[..., 1])
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert shares.std() > 0.2


def test_dragans_points_lie_around_real_images_within_the_spread(seat: Callable[..., Any]) -> None:
    term = seat(Dragan(spread=0.1), straight(1, 1)).term
    real, fake = 3 * torch.randn(2, 50, 1, 1, 2)
    steps = (term.extra_inputs("discriminator", real, fake)["points"] - real) / real.std()
    assert steps.min() >= 0
    assert 0.09 < steps.max() <= 0.1


def test_points_have_the_precision_of_the_images(seat: Callable[..., Any]) -> None:
    term = seat(GradientPenalty(), straight(1, 1)).term
    real, fake = torch.randn(2, 5, 1, 1, 2, dtype=torch.float32)
    assert term.extra_inputs("discriminator", real, fake)["points"].dtype == torch.float32


@EACH
def test_it_speaks_to_the_discriminator_alone(seat: Callable[..., Any], loss: Loss) -> None:
    term = seat(loss, straight(1, 1)).term
    assert [term.has_objective_for(player) for player in ("discriminator", "generator")] == [True, False]
    assert not list(term.parameters())


def with_trunk(small: Callable[..., Mapping[str, Any]], **trunk: object) -> Mapping[str, object]:
    penalty = {"type": "r1", "weight": 1.0}
    discriminator = {"trunk": {"type": "dcgan", "width": 0.05, **trunk}, "head": {"type": "linear"}}
    return small(discriminator=discriminator, losses=[{"type": "relativistic"}, penalty])


def test_it_is_refused_where_a_logit_depends_on_the_whole_batch(
    small: Callable[..., Mapping[str, Any]], registry: Registry
) -> None:
    for norm in ("layer", "none"):
        read_spec(with_trunk(small, norm=norm), registry=registry)
    expected = r"losses\[1\]\.type: not on the trunk dcgan with batch norm: each logit .*; give the trunk another norm$"
    with pytest.raises(SpecError, match=expected):
        read_spec(with_trunk(small), registry=registry)
