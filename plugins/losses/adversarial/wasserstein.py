"""The loss whose discriminator is a critic: it scores, and does not classify."""

from typing import Literal

from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, Turn


class Wasserstein(Loss):
    """Wasserstein loss (Arjovsky et al. 2017, arXiv 1701.07875, equations 2 and 3).

    Its critic has to be Lipschitz: add `gradient-penalty`, or spectral norm, or `clip_weights` of its optimiser.
    """

    shift_invariant = True
    type: Literal["wasserstein"] = "wasserstein"

    def build(self, context: LossContext) -> LossTerm:
        return WassersteinTerm()


class WassersteinTerm(LossTerm):
    """The critic's minus the estimate of the distance; G's is the part of it that it can move."""

    def discriminator(self, turn: Turn) -> Tensor:
        return turn.fake_view.logits.mean() - turn.real_view.logits.mean()

    def generator(self, turn: Turn) -> Tensor:
        return -turn.fake_view.logits.mean()
