"""Which player trains Q, and which networks the gradient of the term reaches."""

import itertools
import math
from typing import Literal

import pytest
import torch
from torch import nn

from gan_run import Progress
from gan_run.core.engine.player import Player
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from small_information import KEY, MIXED, MIXED_WEIGHTS, begin, spec_of

OWNERSHIPS = list(itertools.product(["discriminator", "generator"], [True, False], [True, False]))
OWNERSHIP = pytest.mark.parametrize(("q_player", "train_trunk", "train_generator"), OWNERSHIPS)


def parts(training: Training) -> dict[str, dict[str, nn.Parameter]]:
    """The parameters by what they belong to."""
    game = training.game
    modules = {
        "generator": game.stack,
        "trunk": game.discriminator.trunk,
        "head": game.discriminator.head,
        "q": game.term(KEY),
    }
    found = {part: dict(module.named_parameters()) for part, module in modules.items()}
    assert sum(map(len, found.values())) == len(list(game.parameters()))
    return found


def player(training: Training, name: str) -> Player:
    (found,) = (player for player in training.players if player.name == name)
    return found


def reached(training: Training) -> set[str]:
    """The parts whose weights have a gradient; within a part, all or none."""
    found = set()
    for part, parameters in parts(training).items():
        has = {name: p.grad is not None and bool(p.grad.any()) for name, p in parameters.items()}
        weights = {has[name] for name in has if name.endswith("weight")}
        assert len(weights) == 1, (part, has)
        assert weights == {any(has.values())}
        if True in weights:
            found.add(part)
    return found


def reached_by(player: str, q_player: str, train_trunk: bool, train_generator: bool) -> set[str]:
    """What the fields promise."""
    expected = {"q"} if player == q_player else set()
    if player == "discriminator" and train_trunk:
        expected.add("trunk")
    if player == "generator" and train_generator:
        expected.add("generator")
    return expected


def information_alone(q_player: str, train_trunk: bool, train_generator: bool) -> Training:
    return begin(
        spec_of(
            MIXED,
            MutualInformation.model_validate(
                {
                    "codes": MIXED_WEIGHTS,
                    "q_player": q_player,
                    "train_trunk": train_trunk,
                    "train_generator": train_generator,
                }
            ),
        )
    )


@pytest.mark.parametrize("moving", ["discriminator", "generator"])
@OWNERSHIP
def test_in_each_players_update_gradients_reach_what_the_fields_say_and_nothing_else(
    moving: str, q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    training = information_alone(q_player, train_trunk, train_generator)
    expected = reached_by(moving, q_player, train_trunk, train_generator)
    losses = player(training, moving).update(Progress(0, 4), training.feed.batch(0))
    assert (losses is not None) == bool(expected)
    assert reached(training) == expected


@OWNERSHIP
def test_a_whole_step_changes_what_the_fields_say_and_nothing_else(
    q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    training = information_alone(q_player, train_trunk, train_generator)
    before = {part: {name: p.detach().clone() for name, p in of.items()} for part, of in parts(training).items()}
    losses = training.advance()
    expected = {
        name: reached_by(name, q_player, train_trunk, train_generator) for name in ("discriminator", "generator")
    }
    assert set(losses) == {name for name, parts in expected.items() if parts}
    for part, parameters in parts(training).items():
        moved = {name: not torch.equal(p, before[part][name]) for name, p in parameters.items()}
        if part in expected["discriminator"] | expected["generator"]:
            assert all(moved[name] for name in moved if name.endswith("weight")), (part, moved)
        else:
            assert not any(moved.values()), (part, moved)


@OWNERSHIP
def test_an_update_asks_the_term_with_the_right_graph_even_if_everything_could_move(
    q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    # Not the player's choice of parameters but the objective itself cuts the trunk off, and the generator.
    training = information_alone(q_player, train_trunk, train_generator)
    game = training.game.requires_grad_()
    values = game.latents.sample(4)
    inputs = UpdateInputs(torch.zeros(4, 1, 4, 4), {}, values, None, {}, (KEY,))
    for moving, lets_through in (("discriminator", train_trunk), ("generator", train_generator)):
        if game.term(KEY).has_objective_for(moving):
            game.zero_grad()
            losses: Losses = Update(game, moving)(inputs)
            torch.autograd.backward(losses.terms[KEY])
            assert reached(training) == ({"q", "trunk", "generator"} if lets_through else {"q"})


@OWNERSHIP
def test_q_belongs_to_the_optimiser_of_its_player_alone(
    q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    training = information_alone(q_player, train_trunk, train_generator)
    q = {id(parameter) for parameter in parts(training)["q"].values()}
    for moving in training.players:
        optimised = {id(p) for group in moving.optimizer.param_groups for p in group["params"]}
        assert (q <= optimised) == (moving.name == q_player)
        assert bool(q & optimised) == (moving.name == q_player)


@OWNERSHIP
def test_the_term_is_in_no_objective_that_it_cannot_move(
    q_player: Literal["discriminator", "generator"], train_trunk: bool, train_generator: bool
) -> None:
    declared = MutualInformation(
        codes={"c": 1}, q_player=q_player, train_trunk=train_trunk, train_generator=train_generator
    )
    for moving, losses in begin(spec_of({"c": Uniform()}, declared, NonSaturating())).advance().items():
        assert (KEY in losses.terms) == bool(reached_by(moving, q_player, train_trunk, train_generator))


def test_by_default_the_term_is_in_both_objectives_and_the_discriminator_trains_q_and_the_trunk() -> None:
    declared = MutualInformation(codes={"c": 1})
    assert (declared.q_player, declared.train_trunk, declared.train_generator) == ("discriminator", True, True)
    training = begin(spec_of({"c": Uniform()}, declared, NonSaturating()))
    assert {name: set(losses.terms) for name, losses in training.advance().items()} == {
        "discriminator": {KEY, "non-saturating"},
        "generator": {KEY, "non-saturating"},
    }


def test_the_information_gradient_on_the_trunk_is_not_lost_to_the_adversarial_one() -> None:
    # The oldest mistake of re-implementations: the trunk's information gradient is zeroed before its step.
    gradients = []
    for train_trunk in (True, False):
        information = MutualInformation(codes={"k": 1}, train_trunk=train_trunk, train_generator=False)
        training = begin(spec_of({"k": Categorical(classes=3)}, NonSaturating(), information))
        torch.manual_seed(0)
        player(training, "discriminator").update(Progress(0, 4), training.feed.batch(0))
        gradients.append({name: p.grad for name, p in parts(training)["trunk"].items()})
    assert gradients[0].keys() == gradients[1].keys() != set()
    for name, gradient in gradients[0].items():
        other = gradients[1][name]
        assert gradient is not None
        assert other is not None
        assert not torch.allclose(gradient, other)


@pytest.mark.parametrize("q_player", ["discriminator", "generator"])
def test_training_by_it_raises_the_bound(q_player: Literal["discriminator", "generator"]) -> None:
    declared = MutualInformation(codes={"k": 1}, q_player=q_player)
    training = begin(spec_of({"k": Categorical(classes=3)}, declared, batch_size=32))
    bounds = [-float(training.advance()["generator"].reports[KEY]["k"]) for _ in range(60)]
    assert bounds[0] < 0.6
    assert 0.8 < bounds[-1] < math.log(3) + 1e-6
