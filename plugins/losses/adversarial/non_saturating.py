"""The non-saturating loss."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class NonSaturating(Loss):
    """Non-saturating loss (Goodfellow et al. 2014, arXiv 1406.2661, section 3): G maximises log D(G(z))."""

    type: Literal["non-saturating"] = "non-saturating"

    def build(self, context: LossContext) -> LossTerm:
        return NonSaturatingTerm()


class NonSaturatingTerm(LossTerm):
    """D: softplus(-real) + softplus(fake). G: softplus(-fake)."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return softplus(-update.real_output.logits).mean() + softplus(update.fake_output.logits).mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return softplus(-update.fake_output.logits).mean()
