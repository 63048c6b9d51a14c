"""The non-saturating loss."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_run import Loss, LossContext, LossTerm, UpdateContext
from gan_run.plugins.losses.adversarial.minimax import MinimaxTerm


class NonSaturating(Loss):
    """Non-saturating loss (Goodfellow et al. 2014, arXiv 1406.2661, section 3): G maximises log D(G(z)), whose gradient
    does not vanish where D rejects the fakes."""

    type: Literal["non-saturating"] = "non-saturating"

    def build(self, context: LossContext) -> LossTerm:
        return NonSaturatingTerm()


class NonSaturatingTerm(MinimaxTerm):
    """D as in the minimax loss; G minimises the cross-entropy of fakes labelled real, in nats."""

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return softplus(-update.fake_output.logits).mean()
