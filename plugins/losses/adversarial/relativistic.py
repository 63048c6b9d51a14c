"""The relativistic pairing loss."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class Relativistic(Loss):
    """Relativistic pairing loss (Jolicoeur-Martineau 2018, arXiv 1807.00734; R3GAN, Huang et al. 2024,
    arXiv 2501.05441, equation 2): D raises each real image's logit above that of a fake, G the reverse.

    R3GAN combines it with `r1` and `r2`.
    """

    shift_invariant = True
    type: Literal["relativistic"] = "relativistic"

    def build(self, context: LossContext) -> LossTerm:
        return RelativisticTerm()


class RelativisticTerm(LossTerm):
    """Pairs the i-th real image of a batch with the i-th fake."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return softplus(update.fake_output.logits - update.real_output.logits).mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return softplus(update.real_output.logits - update.fake_output.logits).mean()
