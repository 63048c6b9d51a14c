"""The Wasserstein loss."""

from typing import Literal

from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class Wasserstein(Loss):
    """Wasserstein loss (Arjovsky et al. 2017, arXiv 1701.07875, equations 2 and 3).

    The critic must be Lipschitz: add `gradient-penalty`, spectral norm, or `clip_weights` in D's optimiser.
    """

    shift_invariant = True
    type: Literal["wasserstein"] = "wasserstein"

    def build(self, context: LossContext) -> LossTerm:
        return WassersteinTerm()


class WassersteinTerm(LossTerm):
    """D: fake - real. G: -fake. Means of logits."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake_output.logits.mean() - update.real_output.logits.mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.fake_output.logits.mean()
