"""The hinge loss."""

from typing import Literal

from torch import Tensor, relu

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class Hinge(Loss):
    """Hinge loss (Lim & Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, equations 16 and 17)."""

    type: Literal["hinge"] = "hinge"

    def build(self, context: LossContext) -> LossTerm:
        return HingeTerm()


class HingeTerm(LossTerm):
    """D is penalised for real logits below 1 and fake logits above -1; G maximises the fake logits."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return relu(1 - update.real_output.logits).mean() + relu(1 + update.fake_output.logits).mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.fake_output.logits.mean()
