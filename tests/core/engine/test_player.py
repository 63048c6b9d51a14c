from collections.abc import Callable, Mapping
from typing import Literal

import pytest
import torch
from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, Progress, UpdateContext
from gan_run.core.engine.player import Player
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.training.schedules.schedules import LinearSchedule
from small_players import BOTH, THREE, Descent, Referee

Start = Callable[..., Training]
STEPS = 10


class Recorder(Loss):
    """Remembers its calls."""

    type: Literal["recorder"] = "recorder"

    def build(self, context: LossContext) -> LossTerm:
        return RecorderTerm()


class RecorderTerm(LossTerm):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Tensor]] = []
        self.told: list[tuple[str, dict[str, float]]] = []
        self.look: Callable[[], object] = lambda: None
        self.looks: list[object] = []

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return self._record("discriminator", update)

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return self._record("generator", update)

    def _record(self, player: str, update: UpdateContext) -> Tensor:
        self.asked.append((player, update.real.detach().clone()))
        self.looks.append(self.look())
        objective = update.fake_output.logits.mean()
        update.report("logits", objective)
        return objective

    def after_update(self, player: str, observed: Mapping[str, Tensor]) -> None:
        self.told.append((player, {name: float(value) for name, value in observed.items()}))


class Deaf(Loss):
    type: Literal["deaf"] = "deaf"

    def build(self, context: LossContext) -> LossTerm:
        return DeafTerm()


class DeafTerm(LossTerm):
    def __init__(self) -> None:
        super().__init__()
        self.told = 0

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake.square().mean()

    def after_update(self, player: str, observed: Mapping[str, Tensor]) -> None:
        self.told += 1


def player(training: Training, name: str) -> Player:
    (found,) = (player for player in training.players if player.name == name)
    return found


def recorder(training: Training) -> RecorderTerm:
    term = training.game.term("recorder")
    assert isinstance(term, RecorderTerm)
    return term


def values(training: Training) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in training.game.named_parameters()}


def changed(training: Training, before: Mapping[str, Tensor]) -> set[str]:
    return {name for name, value in training.game.named_parameters() if not torch.equal(value, before[name])}


def test_during_an_update_exactly_its_players_parameters_require_gradients(start: Start) -> None:
    training = start(losses=[Recorder(), Referee()], optimizers=THREE)
    term, game = recorder(training), training.game
    term.look = lambda: {name for name, parameter in game.named_parameters() if parameter.requires_grad}
    for name in ("generator", "discriminator", "generator"):
        player(training, name).update(Progress(0, STEPS), training.feed.batch(0))
        assert term.looks.pop() == set(player(training, name).parameters)


@pytest.mark.parametrize("name", ["second-referee", "discriminator", "generator"])
def test_an_update_changes_its_players_parameters_and_no_others(start: Start, name: str) -> None:
    training = start(losses=[NonSaturating(), Referee()], optimizers=THREE)
    before = values(training)
    losses = player(training, name).update(Progress(0, STEPS), training.feed.batch(0))
    assert losses is not None
    assert changed(training, before) == set(player(training, name).parameters)
    for other, parameter in training.game.named_parameters():
        assert (parameter.grad is not None) == (other in player(training, name).parameters)


def test_a_players_method_is_named_after_it_with_underscores(start: Start) -> None:
    training = start(losses=[NonSaturating(), Referee()], optimizers=THREE)
    losses = player(training, "second-referee").update(Progress(0, STEPS), training.feed.batch(0))
    assert losses is not None
    assert set(losses.terms) == {"referee"}


def test_players_move_in_order_those_that_losses_bring_first(start: Start) -> None:
    training = start(losses=[NonSaturating(), Referee()], optimizers=THREE)
    assert [player.name for player in training.players] == ["second-referee", "discriminator", "generator"]
    assert list(training.advance()) == ["second-referee", "discriminator", "generator"]


def test_gradients_do_not_pile_up_from_update_to_update(start: Start) -> None:
    def moved(clear_by_hand: bool) -> dict[str, Tensor]:
        training = start(losses=[NonSaturating()], optimizers=BOTH)
        for step in range(3):
            torch.manual_seed(step)
            player(training, "discriminator").update(Progress(step, STEPS), training.feed.batch(step))
            for parameter in training.game.parameters():
                parameter.grad = None if clear_by_hand else parameter.grad
        return values(training)

    cleared = moved(clear_by_hand=True)
    assert all(torch.equal(value, cleared[name]) for name, value in moved(clear_by_hand=False).items())


def test_the_learning_rate_follows_its_schedule(start: Start) -> None:
    rate = LinearSchedule(start=0.0, end=1.0, to_step=4)
    training = start(losses=[NonSaturating()], optimizers={**BOTH, "discriminator": Descent(lr=rate)})
    moving = player(training, "discriminator")
    for step, expected in ((0, 0.0), (1, 0.25), (3, 0.75), (9, 1.0)):
        before = values(training)
        moving.update(Progress(step, STEPS), training.feed.batch(0))
        for name, parameter in moving.parameters.items():
            assert parameter.grad is not None
            torch.testing.assert_close(parameter.detach(), before[name] - expected * parameter.grad)


def test_an_update_without_an_objective_for_the_players_parameters_is_skipped(start: Start) -> None:
    training = start(losses=[Deaf()])
    before = values(training)
    moving = player(training, "discriminator")
    assert moving.update(Progress(0, STEPS), training.feed.batch(0)) is None
    assert changed(training, before) == set()
    assert not moving.optimizer.state
    term = training.game.term("deaf")
    assert isinstance(term, DeafTerm)
    assert term.told == 0


def test_a_player_that_no_term_speaks_to_is_skipped(start: Start) -> None:
    training = start(losses=[Deaf()])
    before = values(training)
    assert player(training, "generator").update(Progress(0, STEPS), training.feed.batch(0)) is None
    assert training.advance() == {}
    assert changed(training, before) == set()


def total(losses: Losses | None) -> float:
    assert losses is not None
    assert losses.total is not None
    return losses.total.item()


def test_a_lazy_term_takes_part_every_so_many_steps_with_as_many_times_the_weight(start: Start) -> None:
    training = start(losses=[NonSaturating(), Recorder(every=3, weight=0.5)], optimizers=BOTH)
    moving = player(training, "discriminator")
    for step in range(7):
        losses = moving.update(Progress(step, STEPS), training.feed.batch(step))
        assert losses is not None
        expected = losses.terms["non-saturating"].item()
        if step in (0, 3, 6):
            expected += losses.terms["recorder"].item() * 0.5 * 3
        assert ("recorder" in losses.terms) == (step in (0, 3, 6))
        assert total(losses) == pytest.approx(expected, abs=1e-5)
    assert len(recorder(training).told) == 3


def test_a_lazy_term_alone_leaves_its_player_unmoved_between(start: Start) -> None:
    training = start(losses=[Recorder(every=2)], optimizers=BOTH)
    moves = [
        player(training, "discriminator").update(Progress(step, STEPS), training.feed.batch(0)) for step in range(4)
    ]
    assert [losses is not None for losses in moves] == [True, False, True, False]


def test_a_weight_follows_its_schedule(start: Start) -> None:
    training = start(losses=[Recorder(weight=LinearSchedule(start=0.0, end=2.0))], train={"steps": 4}, optimizers=BOTH)
    moving = player(training, "generator")
    for step, weight in ((1, 0.5), (3, 1.5)):
        losses = moving.update(Progress(step, 4), training.feed.batch(0))
        assert losses is not None
        assert total(losses) == pytest.approx(weight * losses.terms["recorder"].item(), abs=1e-6)


def test_a_loss_is_not_computed_in_a_step_where_its_weight_is_0(start: Start) -> None:
    late = Recorder(weight=LinearSchedule(start=0.0, end=2.0, from_step=2, to_step=4))
    training = start(losses=[NonSaturating(), late], train={"steps": 5}, optimizers=BOTH)
    moving = player(training, "discriminator")
    for step in range(5):
        losses = moving.update(Progress(step, 5), training.feed.batch(step))
        assert losses is not None
        assert ("recorder" in losses.terms) == (step > 2)
    assert len(recorder(training).asked) == len(recorder(training).told) == 2


def test_clipping_shortens_a_players_gradient_and_keeps_its_direction(start: Start) -> None:
    def step_taken(clip: float | None) -> Tensor:
        training = start(losses=[NonSaturating()], optimizers=BOTH, train={"clip": clip})
        before = values(training)
        torch.manual_seed(0)
        player(training, "discriminator").update(Progress(0, STEPS), training.feed.batch(0))
        return torch.cat([(value - before[name]).flatten() for name, value in values(training).items()])

    whole, clipped = step_taken(None), step_taken(0.01)
    assert whole.norm() > 0.002
    assert clipped.norm().item() == pytest.approx(0.1 * 0.01, rel=1e-3)
    assert torch.cosine_similarity(whole, clipped, dim=0).item() == pytest.approx(1.0, abs=1e-4)
    torch.testing.assert_close(step_taken(1e6), whole)


def test_a_step_holds_each_players_number_of_updates_each_on_a_batch_of_its_own(start: Start) -> None:
    training = start(losses=[Recorder()], train={"updates": {"discriminator": 3}}, optimizers=BOTH)
    for _ in range(2):
        training.advance()
    asked = recorder(training).asked
    assert [name for name, _ in asked] == ["discriminator"] * 3 + ["generator"] + ["discriminator"] * 3 + ["generator"]
    for number, (_, real) in enumerate(pair for pair in asked if pair[0] == "discriminator"):
        assert torch.equal(real, training.feed.batch(number).images)


def test_players_with_one_update_share_the_steps_batch(start: Start) -> None:
    training = start(losses=[Recorder()], optimizers=BOTH)
    training.advance()
    (_, first), (_, second) = recorder(training).asked
    assert torch.equal(first, second)


def test_after_an_update_its_terms_are_told_what_they_reported(start: Start) -> None:
    training = start(losses=[Recorder(), NonSaturating()], optimizers=BOTH)
    term, moving = recorder(training), player(training, "generator")
    losses = moving.update(Progress(0, STEPS), training.feed.batch(0))
    assert losses is not None
    assert term.told == [("generator", {"logits": losses.terms["recorder"].item()})]
    assert losses.reports["recorder"]["logits"].item() == losses.terms["recorder"].item()


def test_a_term_is_told_only_when_the_step_is_taken(start: Start) -> None:
    training = start(losses=[Recorder()], optimizers=BOTH)
    term, weight = recorder(training), next(training.game.discriminator.parameters())
    before = weight.detach().clone()

    def look(player: str, observed: Mapping[str, Tensor]) -> None:
        term.looks.append(torch.equal(weight, before))

    term.after_update = look  # type: ignore[method-assign]
    term.looks.clear()
    player(training, "discriminator").update(Progress(0, STEPS), training.feed.batch(0))
    assert term.looks[-1] is False


def test_an_optimiser_is_built_over_its_players_parameters(start: Start) -> None:
    training = start()
    for moving in training.players:
        (group,) = moving.optimizer.param_groups
        assert {id(p) for p in group["params"]} == {id(p) for p in moving.parameters.values()}
    everyone = [name for moving in training.players for name in moving.parameters]
    assert sorted(everyone) == sorted(name for name, _ in training.game.named_parameters())
