"""The Wasserstein loss, whose discriminator is a critic."""

from typing import Literal

from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class Wasserstein(Loss):
    """Wasserstein loss (Arjovsky et al. 2017, arXiv 1701.07875, equations 2 and 3).

    The critic has to be Lipschitz: add `gradient-penalty`, spectral norm, or `clip_weights` of its optimiser.
    """

    shift_invariant = True
    type: Literal["wasserstein"] = "wasserstein"

    def build(self, context: LossContext) -> LossTerm:
        return WassersteinTerm()


class WassersteinTerm(LossTerm):
    """The critic minimises the negative of the estimated distance; G the part of the distance that depends on G."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake_output.logits.mean() - update.real_output.logits.mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.fake_output.logits.mean()
