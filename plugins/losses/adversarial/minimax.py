"""The minimax loss."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class Minimax(Loss):
    """Minimax loss (Goodfellow et al. 2014, arXiv 1406.2661, equation 1): G minimises log(1 - D(G(z)))."""

    type: Literal["minimax"] = "minimax"

    def build(self, context: LossContext) -> LossTerm:
        return MinimaxTerm()


class MinimaxTerm(LossTerm):
    """D minimises the binary cross-entropy of real against fake, in nats; G maximises the fakes' half of it."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return softplus(-update.real_output.logits).mean() + softplus(update.fake_output.logits).mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -softplus(update.fake_output.logits).mean()
