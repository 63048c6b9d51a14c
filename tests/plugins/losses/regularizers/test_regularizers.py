from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn

from gan_run import Augmentation, AugmentationModule, ImageShape
from gan_run.plugins.losses.regularizers.consistency import Consistency
from gan_run.plugins.losses.regularizers.feature_matching import FeatureMatching
from gan_run.plugins.losses.regularizers.lecam import LeCam

Seat = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("float64")


def pixels(*rows: tuple[float, float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64).view(-1, 1, 1, 2)


class Plus(Augmentation):
    """Every pixel brighter by `more` for each channel."""

    type: Literal["plus"] = "plus"
    more: float

    def build(self, image: ImageShape) -> "PlusModule":
        return PlusModule(self.more * image.channels)


class PlusModule(AugmentationModule):
    def __init__(self, more: float) -> None:
        super().__init__()
        self._more = more

    def forward(self, images: Tensor) -> Tensor:
        return images + self._more


class Squared(nn.Module):
    """The square of the first pixel."""

    def forward(self, vector: Tensor) -> Tensor:
        return vector[:, 0].square()


# --- Consistency.


def test_consistency_is_the_mean_squared_change_of_the_logits_worked_by_hand(seat: Seat) -> None:
    # From x^2 to (x + 1)^2 it is 2 x + 1: 1 and 3 of the real ones, 5 and -1 of the fakes.
    real, fake = pixels((0, 9), (1, 9)), pixels((2, 9), (-1, 9))
    value, _ = seat(Consistency(augment=(Plus(more=1),)), Squared()).ask("discriminator", real, fake)
    assert value.item() == pytest.approx((1 + 9) / 2 + (25 + 1) / 2)
    value, _ = seat(Consistency(augment=(Plus(more=1),), fake=False), Squared()).ask("discriminator", real, fake)
    assert value.item() == pytest.approx((1 + 9) / 2)
    several, _ = seat(Consistency(augment=(Plus(more=3), Plus(more=-3))), Squared()).ask("discriminator", real, fake)
    assert several.item() == pytest.approx(0)


def test_consistency_moves_both_copies(seat: Seat) -> None:
    # D is a x: the difference is a, its square's gradient 2 a, of real images and of fakes.
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 0.0]]))
    value, _ = seat(Consistency(augment=(Plus(more=1),)), layer).ask("discriminator", *torch.randn(2, 5, 1, 1, 2))
    (gradient,) = torch.autograd.grad(value, layer.weight)
    torch.testing.assert_close(gradient, torch.tensor([[12.0, 12.0]]))


def test_consistency_is_the_discriminators_alone(seat: Seat) -> None:
    term = seat(Consistency(augment=(Plus(more=1),))).term
    assert [term.has_objective_for(player) for player in ("discriminator", "generator")] == [True, False]


# --- Feature matching.


def test_feature_matching_is_the_squared_distance_of_average_features_worked_by_hand(seat: Seat) -> None:
    # The averages are (1, 3) and (0, 1).
    value, _ = seat(FeatureMatching()).ask("generator", pixels((0, 2), (2, 4)), pixels((-1, 1), (1, 1)))
    assert value.item() == pytest.approx(1 + 4)


def test_feature_matching_draws_every_fake_to_the_average_of_the_data(seat: Seat) -> None:
    fake = pixels((-1, 1), (1, 1)).requires_grad_()
    value, _ = seat(FeatureMatching()).ask("generator", pixels((0, 2), (2, 4)), fake)
    (gradient,) = torch.autograd.grad(value, fake)
    # Twice the distance of the averages, shared by two images.
    torch.testing.assert_close(gradient, pixels((-1, -2), (-1, -2)))


def test_feature_matching_is_the_generators_alone(seat: Seat) -> None:
    term = seat(FeatureMatching()).term
    assert [term.has_objective_for(player) for player in ("discriminator", "generator")] == [False, True]


# --- LeCam.


def observe(table: Any, real: Tensor, fake: Tensor) -> float:
    """One update of the discriminator."""
    value, update = table.ask("discriminator", real, fake)
    table.term.after_update("discriminator", {name: report.detach() for name, report in update.reports["key"].items()})
    return float(value)


def test_lecam_worked_by_hand(seat: Seat) -> None:
    table = seat(LeCam(decay=0.75))
    assert observe(table, pixels((1, 0), (3, 0)), pixels((-1, 0), (-1, 0))) == 0  # nothing to be drawn to yet
    # Averages: 2 of the real ones, -1 of the fakes. Real logits are 3 and 1 away from -1, fakes 2 and 4 from 2.
    value = observe(table, pixels((2, 0), (0, 0)), pixels((0, 0), (-2, 0)))
    assert value == pytest.approx((9 + 1) / 2 + (4 + 16) / 2)
    # Averages: 2 * 0.75 + 1 * 0.25 and -1.
    assert table.term.real.item() == pytest.approx(1.75)
    assert table.term.fake.item() == pytest.approx(-1)


def test_lecam_draws_logits_to_the_other_sides_average(seat: Seat) -> None:
    table = seat(LeCam())
    observe(table, pixels((2, 0)), pixels((-1, 0)))
    real, fake = pixels((2, 0)).requires_grad_(), pixels((-1, 0)).requires_grad_()
    value, _ = table.ask("discriminator", real, fake)
    down, up = torch.autograd.grad(value, [real, fake])
    assert down[0, 0, 0].tolist() == [6, 0]
    assert up[0, 0, 0].tolist() == [-6, 0]


def test_lecams_averages_are_part_of_its_state(seat: Seat) -> None:
    table, other = seat(LeCam()), seat(LeCam())
    observe(table, pixels((2, 0)), pixels((-1, 0)))
    other.term.load_state_dict(table.term.state_dict())
    assert observe(table, pixels((1, 0)), pixels((0, 0))) == observe(other, pixels((1, 0)), pixels((0, 0))) != 0
