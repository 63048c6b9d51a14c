import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from gan_run import (
    DataInfo,
    DiscriminatorModule,
    Features,
    HeadModule,
    ImageShape,
    LatentContext,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    TrunkModule,
    Turn,
    Values,
)
from gan_run.core.network import GeneratorStack
from gan_run.core.turn import Given
from gan_run.plugins.adversarial.minimax import Minimax
from gan_run.plugins.adversarial.non_saturating import NonSaturating
from gan_run.plugins.latents.uniform import Uniform

BOTH = pytest.mark.parametrize("loss", [Minimax(), NonSaturating()], ids=lambda loss: loss.name())
LN2, LN3 = math.log(2), math.log(3)

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


class Flat(TrunkModule):
    features = 1

    def forward(self, images: Tensor) -> Features:
        return Features(images.flatten(1))


class Bare(HeadModule):
    """An image's one pixel is its logit."""

    def forward(self, features: Features, condition: Values) -> Tensor:
        return features.vector[:, 0]


LATENTS = LatentSpace({"z": Uniform().module(LatentContext(DataInfo(ImageShape(1, 1, 1), {"train": 1})))})
DISCRIMINATOR = DiscriminatorModule(Flat(), Bare())


def term_of(loss: Loss) -> LossTerm:
    return loss.build(
        LossContext(DataInfo(ImageShape(1, 1, 1), {"train": 1}), LATENTS, torch.nn.Identity(), DISCRIMINATOR)
    )


def objective(loss: Loss, player: str, real: list[float], fake: list[float]) -> tuple[Tensor, Tensor, Tensor]:
    """The objective, and the logits of real and fake images as leaves."""
    leaves = [torch.tensor(logits, dtype=torch.float64).view(-1, 1, 1, 1).requires_grad_() for logits in (real, fake)]
    latents = {"z": torch.zeros(len(fake))}
    turn = Turn(
        GeneratorStack(LATENTS, torch.nn.Identity()),
        DISCRIMINATOR,
        Given(leaves[0], None, latents, leaves[1], {}, {}),
    )
    return term_of(loss).objective(player, turn), leaves[0], leaves[1]


def gradient(value: Tensor, leaf: Tensor) -> list[float]:
    (found,) = torch.autograd.grad(value, leaf, retain_graph=True, allow_unused=True, materialize_grads=True)
    return [float(number) for number in found.flatten()]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@BOTH
def test_the_discriminators_value_worked_by_hand(loss: Loss) -> None:
    # -log D: ln 2 and ln 4/3 of the real ones; -log (1 - D): ln 2 and ln 4 of the fake ones.
    value, _, _ = objective(loss, "discriminator", [0, LN3], [0, LN3])
    assert value.item() == pytest.approx((LN2 + math.log(4 / 3)) / 2 + (LN2 + math.log(4)) / 2, abs=1e-12)


def test_the_non_saturating_generators_value_worked_by_hand() -> None:
    # -log D: D is 1/2 and 3/4.
    value, _, _ = objective(NonSaturating(), "generator", [9], [0, LN3])
    assert value.item() == pytest.approx((LN2 + math.log(4 / 3)) / 2, abs=1e-12)


def test_the_minimax_generators_value_worked_by_hand() -> None:
    # log (1 - D): D is 1/2 and 3/4.
    value, _, _ = objective(Minimax(), "generator", [9], [0, LN3])
    assert value.item() == pytest.approx(-(LN2 + math.log(4)) / 2, abs=1e-12)


@BOTH
def test_the_discriminators_value_is_binary_cross_entropy(loss: Loss) -> None:
    real, fake = torch.randn(2, 7) * 3
    value, _, _ = objective(loss, "discriminator", real.tolist(), fake.tolist())
    expected = F.binary_cross_entropy_with_logits(real, torch.ones(7)) + F.binary_cross_entropy_with_logits(
        fake, torch.zeros(7)
    )
    assert value.item() == pytest.approx(expected.item(), abs=1e-12)


@BOTH
def test_the_discriminator_raises_real_logits_and_lowers_fake_ones(loss: Loss) -> None:
    value, real, fake = objective(loss, "discriminator", [0.5, -2], [1, -3])
    assert gradient(value, real) == pytest.approx([-sigmoid(-0.5) / 2, -sigmoid(2) / 2], abs=1e-12)
    assert gradient(value, fake) == pytest.approx([sigmoid(1) / 2, sigmoid(-3) / 2], abs=1e-12)


def test_the_non_saturating_generator_raises_fake_logits_most_where_they_are_low() -> None:
    value, real, fake = objective(NonSaturating(), "generator", [0.5], [1, -3])
    assert gradient(value, fake) == pytest.approx([-sigmoid(-1) / 2, -sigmoid(3) / 2], abs=1e-12)
    assert gradient(value, real) == [0.0]


def test_the_minimax_generator_raises_fake_logits_least_where_they_are_low() -> None:
    value, real, fake = objective(Minimax(), "generator", [0.5], [1, -3])
    assert gradient(value, fake) == pytest.approx([-sigmoid(1) / 2, -sigmoid(-3) / 2], abs=1e-12)
    assert gradient(value, real) == [0.0]


def test_the_minimax_players_share_one_value_of_which_the_fakes_are_all_that_the_generator_sees() -> None:
    both, _, fake = objective(Minimax(), "discriminator", [0.5, -2], [1, -3])
    generators, _, its_fake = objective(Minimax(), "generator", [0.5, -2], [1, -3])
    assert gradient(both, fake) == pytest.approx([-g for g in gradient(generators, its_fake)], abs=1e-12)


@BOTH
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_extreme_logits_stay_finite_and_so_do_their_gradients(loss: Loss, player: str) -> None:
    value, real, fake = objective(loss, player, [1e4, -1e4], [1e4, -1e4])
    assert math.isfinite(value.item())
    assert all(map(math.isfinite, gradient(value, real) + gradient(value, fake)))


@BOTH
def test_a_batch_of_one_has_the_value_of_its_image(loss: Loss) -> None:
    value, _, _ = objective(loss, "discriminator", [0], [0])
    assert value.shape == ()
    assert value.item() == pytest.approx(2 * LN2, abs=1e-12)


@BOTH
def test_it_speaks_to_both_players_and_no_other_and_brings_nothing(loss: Loss) -> None:
    term = term_of(loss)
    assert [term.plays(player) for player in ("discriminator", "generator", "judge")] == [True, True, False]
    assert not list(term.parameters())
    assert term.owners() == {}
    assert term.encoder() is None
