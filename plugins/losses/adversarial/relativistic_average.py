"""The relativistic average loss."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class RelativisticAverage(Loss):
    """Relativistic average loss (RaSGAN, Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4.2): the logit of each
    image is compared with the mean logit of the other class, real or fake."""

    shift_invariant = True
    type: Literal["relativistic-average"] = "relativistic-average"

    def build(self, context: LossContext) -> LossTerm:
        return RelativisticAverageTerm()


class RelativisticAverageTerm(LossTerm):
    """Both players compare real logits with the mean fake one, fake logits with the mean real one."""

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return _above(update.real_output.logits, update.fake_output.logits)

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return _above(update.fake_output.logits, update.real_output.logits)


def _above(upper: Tensor, lower: Tensor) -> Tensor:
    """Cross-entropy of logits (N,): `upper` above the mean of `lower`, and `lower` below the mean of `upper`."""
    return softplus(lower.mean() - upper).mean() + softplus(lower - upper.mean()).mean()
