"""A loss."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, Scheduled, UpdateContext


class Mine(Loss):
    """The mean square of D's logits of real images, which keeps them near 0 (Karras et al. 2018, arXiv 1710.10196,
    appendix A.1)."""

    type: Literal["mine"] = "mine"
    weight: Scheduled = Field(default=0.001, description="The paper's epsilon.")

    def build(self, context: LossContext) -> LossTerm:
        return MineTerm()


class MineTerm(LossTerm):
    """One method for each player that minimises the loss; here the discriminator's only."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.real_output.logits.square().mean()
