"""LeCam regularisation of the discriminator."""

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, Scheduled, UpdateContext


class LeCam(Loss):
    """LeCam regularisation (Tseng et al. 2021, arXiv 2104.03310): the mean squared distance of D's real logits to the
    moving average of the fake logits, plus that of the fake logits to the average of the real ones. The averages begin
    with the values of the first update, in which the loss is zero."""

    type: Literal["lecam"] = "lecam"
    weight: Scheduled = Field(default=0.1, description="The paper's lambda.")
    decay: float = Field(default=0.99, ge=0, lt=1, description="Decay of the moving averages.")

    def build(self, context: LossContext) -> LossTerm:
        return LeCamTerm(self.decay)


class LeCamTerm(LossTerm):
    """Keeps the averages as buffers, so that checkpoints hold them."""

    real: Tensor
    fake: Tensor
    begun: Tensor

    def __init__(self, decay: float) -> None:
        super().__init__()
        self._decay = decay
        self.register_buffer("real", torch.tensor(0.0))
        self.register_buffer("fake", torch.tensor(0.0))
        self.register_buffer("begun", torch.tensor(False))

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        real, fake = update.real_output.logits, update.fake_output.logits
        update.report("real", real.mean())
        update.report("fake", fake.mean())
        distance = (real - self.fake).square().mean() + (fake - self.real).square().mean()
        return distance * self.begun

    def after_update(self, player: str, observed: Mapping[str, Tensor]) -> None:
        for name, average in (("real", self.real), ("fake", self.fake)):
            decay = self._decay * self.begun
            average.mul_(decay).add_(observed[name] * (1 - decay))
        self.begun.fill_(True)
