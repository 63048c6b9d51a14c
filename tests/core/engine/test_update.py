"""Updates, shown with gradient penalties that are written against the public API alone."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

from gan_run import GanRunError, Loss, LossContext, LossTerm, Progress, UpdateContext
from gan_run.core.engine.game import Game
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses, Update, sample_inputs
from gan_run.core.images.image_set import Batch
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating

Start = Callable[..., Training]


def steepness(logits: Tensor, images: Tensor) -> Tensor:
    """The norm of the logits' gradient at each image, (N,)."""
    (gradient_norms,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    assert isinstance(gradient_norms, Tensor)
    return torch.linalg.vector_norm(gradient_norms.flatten(1), dim=1)


class R1(Loss):
    type: Literal["r1"] = "r1"

    def build(self, context: LossContext) -> LossTerm:
        return R1Term()


class R1Term(LossTerm):
    input_gradients = frozenset({"real"})

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return steepness(update.real_output.logits, update.real).square().mean() / 2


class Looking(Loss):
    """Remembers the fakes it was given."""

    type: Literal["looking"] = "looking"
    looks: bool = True
    returns: Literal["mean", "logits", "one", "number"] = "mean"

    def build(self, context: LossContext) -> LossTerm:
        return LookingTerm(self)


class LookingTerm(LossTerm):
    def __init__(self, declared: Looking) -> None:
        super().__init__()
        self._declared = declared
        self.fakes: list[Tensor] = []

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        output = update.fake_output if self._declared.looks else update.real_output
        if self._declared.looks:
            self.fakes.append(update.fake)
        values = {"mean": output.logits.mean(), "logits": output.logits, "one": output.logits[:1], "number": 0.5}
        return values[self._declared.returns]  # type: ignore[return-value]  # a plugin's mistake

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return self.discriminator_loss(update)


def looking(training: Training) -> LookingTerm:
    term = training.game.term("looking")
    assert isinstance(term, LookingTerm)
    return term


class R2(Loss):
    type: Literal["r2"] = "r2"

    def build(self, context: LossContext) -> LossTerm:
        return R2Term()


class R2Term(LossTerm):
    input_gradients = frozenset({"fake"})

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return steepness(update.fake_output.logits, update.fake).square().mean() / 2

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return steepness(update.fake_output.logits, update.fake).square().mean() / 2


class WassersteinPenalty(Loss):
    type: Literal["wasserstein-penalty"] = "wasserstein-penalty"

    def build(self, context: LossContext) -> LossTerm:
        return WassersteinPenaltyTerm()


class WassersteinPenaltyTerm(LossTerm):
    def extra_inputs(self, player: str, real: Tensor, fake: Tensor) -> Mapping[str, Tensor]:
        share = torch.rand(len(real), 1, 1, 1, dtype=real.dtype)
        return {"between": real.lerp(fake, share)} if player == "discriminator" else {}

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        between = update.extra_input("between")
        found = steepness(update.discriminate(between).logits, between)
        update.report("steepness", found.mean())
        return (found - 1).square().mean()


class Deaf(Loss):
    """Has an objective that nobody's parameters are part of."""

    type: Literal["deaf"] = "deaf"

    def build(self, context: LossContext) -> LossTerm:
        return DeafTerm()


class DeafTerm(LossTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake.square().mean().detach()


PENALTIES = [R1(), R2(), WassersteinPenalty()]


def batch_of(n: int = 5) -> Batch:
    return Batch(torch.rand(n, 1, 8, 8) * 2 - 1, None)


def images_of(penalty: Loss, given_real: Tensor, fake: Tensor | None, extra: Mapping[str, Tensor]) -> Tensor:
    """Where a penalty differentiates."""
    if isinstance(penalty, R1):
        return given_real
    images = fake if isinstance(penalty, R2) else extra["wasserstein-penalty/between"]
    assert images is not None
    return images


def slopes_by_jacobian(game: Game, images: Tensor) -> Tensor:
    def logits(images: Tensor) -> Tensor:
        found = game.discriminator.head(game.discriminator.trunk(images), {})
        assert isinstance(found, Tensor)
        return found

    whole = jacobian(logits, images.detach(), create_graph=True)  # type: ignore[no-untyped-call]  # torch's is untyped
    assert isinstance(whole, Tensor)
    return torch.stack([whole[i, i].flatten() for i in range(len(images))])


def penalty_by_jacobian(penalty: Loss, game: Game, images: Tensor) -> Tensor:
    squares = slopes_by_jacobian(game, images).square().sum(1)
    if isinstance(penalty, WassersteinPenalty):
        return (squares.sqrt() - 1).square().mean()
    return squares.mean() / 2


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda loss: loss.name())
def test_a_gradient_penalty_has_the_right_value_and_the_right_gradient(start: Start, penalty: Loss) -> None:
    game = start(losses=[penalty]).game
    inputs = sample_inputs(game, "discriminator", batch_of(), [penalty.name()], generates=False)
    losses: Losses = Update(game, "discriminator")(inputs)
    total = losses.terms[penalty.name()]
    expected = penalty_by_jacobian(penalty, game, images_of(penalty, inputs.real, inputs.fake, inputs.extra))
    assert expected > 0
    torch.testing.assert_close(total, expected, atol=1e-12, rtol=1e-9)

    weights = [*game.discriminator.trunk.parameters(), *game.discriminator.head.parameters()]
    found = torch.autograd.grad(total, weights, allow_unused=True, materialize_grads=True)
    wanted = torch.autograd.grad(expected, weights, allow_unused=True, materialize_grads=True)
    assert found[0].abs().max() > 0
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        pytest.param(R1(), 25 / 2, id="r1"),
        pytest.param(R2(), 25 / 2, id="r2"),
        pytest.param(WassersteinPenalty(), 16.0, id="wasserstein-penalty"),
    ],
)
def test_the_penalty_of_a_linear_discriminator_worked_by_hand(start: Start, penalty: Loss, expected: float) -> None:
    # With slope 1 the trunk is linear; only two weights are left, 3 and 4, so the gradient's norm is 5 everywhere.
    game = start(losses=[penalty]).game
    for layer in game.discriminator.modules():
        if isinstance(layer, nn.LeakyReLU):
            layer.negative_slope = 1.0
    for parameter in game.discriminator.parameters():
        nn.init.zeros_(parameter)
    (first, last) = (layer for layer in game.discriminator.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        first.weight[0, 0], first.weight[0, 1], last.weight[0, 0] = 3.0, 4.0, 1.0
    inputs = sample_inputs(game, "discriminator", batch_of(), [penalty.name()], generates=False)
    losses: Losses = Update(game, "discriminator")(inputs)
    assert losses.terms[penalty.name()].item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.usefixtures("float64")
def test_a_penalty_at_the_fakes_reaches_the_generator_too(start: Start) -> None:
    game = start(losses=[R2()]).game
    inputs = sample_inputs(game, "generator", batch_of(), ["r2"], generates=True)
    losses: Losses = Update(game, "generator")(inputs)
    total = losses.terms["r2"]
    expected = slopes_by_jacobian(game, game.stack(inputs.latents)).square().sum(1).mean() / 2
    torch.testing.assert_close(total, expected, atol=1e-12, rtol=1e-9)
    gradients = torch.autograd.grad(total, list(game.discriminator.trunk.parameters()), allow_unused=True)
    assert any(gradient is not None and gradient.any() for gradient in gradients)


def test_interpolates_lie_between_real_and_fake_and_belong_to_the_term(start: Start) -> None:
    game = start(losses=[WassersteinPenalty()]).game
    inputs = sample_inputs(game, "discriminator", batch_of(), ["wasserstein-penalty"], generates=False)
    assert set(inputs.extra) == {"wasserstein-penalty/between"}
    (between,) = inputs.extra.values()
    assert inputs.fake is not None
    assert between.is_leaf
    assert between.requires_grad
    low, high = torch.minimum(inputs.real, inputs.fake), torch.maximum(inputs.real, inputs.fake)
    assert ((low - 1e-6 <= between) & (between <= high + 1e-6)).all()
    losses: Losses = Update(game, "discriminator")(inputs)
    assert set(losses.reports) == {"wasserstein-penalty"}
    assert losses.reports["wasserstein-penalty"]["steepness"] > 0


def test_only_images_that_a_term_taking_part_differentiates_at_require_gradients(start: Start) -> None:
    game = start(losses=[NonSaturating(), R1(), R2()]).game
    for terms, real, fake in (
        (["non-saturating"], False, False),
        (["non-saturating", "r1"], True, False),
        (["r2"], False, True),
    ):
        inputs = sample_inputs(game, "discriminator", batch_of(), terms, generates=False)
        assert inputs.real.requires_grad == real
        assert (inputs.fake is not None and inputs.fake.requires_grad) == fake


def test_the_generators_update_generates_with_a_graph_and_others_without(start: Start) -> None:
    training = start(losses=[Looking(), R2()])
    seen = looking(training).fakes
    for player in training.players:
        player.update(Progress(0, 4), training.feed.batch(0))
    (discriminators, generators) = seen
    assert not discriminators.requires_grad or discriminators.is_leaf
    assert generators.grad_fn is not None


def test_fakes_that_a_term_differentiates_at_are_made_of_the_updates_latents_before_it(start: Start) -> None:
    game = start(losses=[R2()]).game
    inputs = sample_inputs(game, "discriminator", batch_of(3), ["r2"], generates=False)
    assert inputs.fake is not None
    assert inputs.fake.is_leaf
    assert torch.equal(inputs.fake, game.stack(inputs.latents))


@pytest.mark.parametrize(("looks", "passes"), [(True, 1), (False, 0)])
def test_no_images_are_generated_for_an_update_whose_terms_use_none(start: Start, looks: bool, passes: int) -> None:
    training = start(losses=[Looking(looks=looks)])
    calls = []
    training.game.stack.generator.register_forward_hook(lambda *of: calls.append(of))
    training.players[0].update(Progress(0, 4), training.feed.batch(0))
    assert training.players[0].name == "discriminator"
    assert len(calls) == passes


@pytest.mark.parametrize("beside", [[], [NonSaturating()]])
@pytest.mark.parametrize(
    ("returns", "found"),
    [("logits", r"a tensor of shape \(4,\)"), ("one", r"a tensor of shape \(1,\)"), ("number", "a float")],
)
def test_an_objective_that_is_no_scalar_is_refused(start: Start, beside: list[Loss], returns: str, found: str) -> None:
    training = start(losses=[*beside, Looking(returns=returns)])
    with pytest.raises(GanRunError, match=f"the loss looking: its objective for the discriminator is {found}, not a "):
        training.advance()


def test_the_total_is_the_weighted_sum_of_the_objectives(start: Start) -> None:
    game = start(losses=[NonSaturating(), R1()]).game
    inputs = sample_inputs(game, "discriminator", batch_of(), ["non-saturating", "r1"], generates=False)
    losses: Losses = Update(game, "discriminator")(inputs)
    total = losses.weighted({"non-saturating": 0.5, "r1": 10.0}).total
    assert total is not None
    assert set(losses.terms) == {"non-saturating", "r1"}
    torch.testing.assert_close(total, losses.terms["non-saturating"] / 2 + losses.terms["r1"] * 10)
    assert not any(value.requires_grad for value in losses.detached().terms.values())


def test_only_terms_that_are_asked_take_part(start: Start) -> None:
    game = start(losses=[NonSaturating(), R1()]).game
    inputs = sample_inputs(game, "discriminator", batch_of(), ["non-saturating"], generates=False)
    losses: Losses = Update(game, "discriminator")(inputs)
    assert set(losses.terms) == {"non-saturating"}


def test_an_objective_that_moves_nothing_is_shown_and_not_summed(start: Start) -> None:
    game = start(losses=[NonSaturating(), Deaf()]).game
    update = Update(game, "discriminator")
    inputs = sample_inputs(game, "discriminator", batch_of(), ["deaf"], generates=False)
    alone: Losses = update(inputs)
    assert alone.weighted({"deaf": 1.0}).total is None
    assert alone.terms["deaf"] > 0
    both: Losses = update(inputs._replace(terms=("deaf", "non-saturating")))
    total = both.weighted({"deaf": 1.0, "non-saturating": 1.0}).total
    assert total is not None
    torch.testing.assert_close(total, both.terms["non-saturating"])


def test_an_untrained_discriminator_that_says_nothing_costs_two_ln_2(start: Start) -> None:
    game = start(losses=[NonSaturating()]).game
    for parameter in game.discriminator.parameters():
        nn.init.zeros_(parameter)
    inputs = sample_inputs(game, "discriminator", batch_of(), ["non-saturating"], generates=False)
    losses: Losses = Update(game, "discriminator")(inputs)
    assert losses.terms["non-saturating"].item() == pytest.approx(2 * math.log(2), abs=1e-6)
