"""An optimizer and a loss with a player of its own, for tests of players."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from gan_run import Loss, LossContext, LossTerm, Optimizer, ParameterGroup, UpdateContext


class Descent(Optimizer):
    """Plain gradient descent, so that a step is the rate times the gradient."""

    type: Literal["descent"] = "descent"

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
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
