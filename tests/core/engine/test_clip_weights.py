from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from gan_run import Loss, LossContext, LossTerm, Optimizer, UpdateContext
from gan_run.core.engine.training import Training
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.adversarial.wasserstein import Wasserstein
from gan_run.plugins.losses.mutual_information.loss import MutualInformation

Start = Callable[..., Training]


class Descent(Optimizer):
    """Plain gradient descent, so that a step is the rate times the gradient."""

    type: Literal["descent"] = "descent"

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=1e9)


class Referee(Loss):
    """Brings a player of its own, whose name has a hyphen."""

    type: Literal["referee"] = "referee"

    def build(self, context: LossContext) -> LossTerm:
        return RefereeTerm(context.discriminator.trunk.features)


class RefereeTerm(LossTerm):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 1)

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {"second-referee": self.layer}

    def second_referee_loss(self, update: UpdateContext) -> Tensor:
        found = self.layer(update.fake_output.features.vector)
        assert isinstance(found, Tensor)
        return found.square().mean()


BOTH = {"generator": Descent(lr=0.1), "discriminator": Descent(lr=0.1)}


THREE = {**BOTH, "second-referee": Descent(lr=0.1)}


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
