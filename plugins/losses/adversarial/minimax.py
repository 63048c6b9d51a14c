"""The loss GANs were defined by."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_run import Loss, LossContext, LossTerm, Turn


class Minimax(Loss):
    """Minimax loss (Goodfellow et al. 2014, arXiv 1406.2661, equation 1): G minimises log(1 - D(G(z)))."""

    type: Literal["minimax"] = "minimax"

    def build(self, context: LossContext) -> LossTerm:
        return MinimaxTerm()


class MinimaxTerm(LossTerm):
    """Both players on one value function."""

    def discriminator(self, turn: Turn) -> Tensor:
        return softplus(-turn.real_view.logits).mean() + softplus(turn.fake_view.logits).mean()

    def generator(self, turn: Turn) -> Tensor:
        return -softplus(turn.fake_view.logits).mean()
