from collections.abc import Callable, Iterable

import pytest
from torch import nn

from gan_run.core.engine.training import Training
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.adversarial.wasserstein import Wasserstein
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from small_players import THREE, Descent, Referee

Start = Callable[..., Training]


def test_clipped_weights_stay_within_the_bound_and_the_other_players_are_left_alone(start: Start) -> None:
    training = start(
        losses=[NonSaturating()],
        optimizers={"generator": Descent(lr=0.1), "discriminator": Descent(lr=0.5, clip_weights=0.01)},
    )
    for _ in range(3):
        training.advance()
        sizes = {
            player.name: max(float(value.detach().abs().max()) for value in player.parameters.values())
            for player in training.players
        }
        assert sizes["discriminator"] == pytest.approx(0.01)
        assert sizes["generator"] > 0.1


def largest(parameters: Iterable[nn.Parameter]) -> float:
    return max(float(value.detach().abs().max()) for value in parameters)


def test_clipped_weights_are_the_discriminators_and_not_those_of_an_encoder_it_trains(start: Start) -> None:
    training = start(
        losses=[Wasserstein(), MutualInformation(codes={"c": 1, "category": 1}, hidden=6)],
        optimizers={"generator": Descent(lr=0.1), "discriminator": Descent(lr=0.1, clip_weights=0.01)},
    )
    for _ in range(2):
        training.advance()
    assert largest(training.game.discriminator.parameters()) == pytest.approx(0.01)
    q = training.game.term("mutual-information")
    assert largest(q.parameters()) > 0.5  # the gain of its batch norm is about one


def test_clipped_weights_of_a_player_that_a_loss_brings_are_all_its_weights(start: Start) -> None:
    training = start(
        losses=[NonSaturating(), Referee()],
        optimizers={**THREE, "second-referee": Descent(lr=0.1, clip_weights=0.01)},
    )
    training.advance()
    assert largest(training.game.term("referee").parameters()) == pytest.approx(0.01)
    assert largest(training.game.discriminator.parameters()) > 0.01
