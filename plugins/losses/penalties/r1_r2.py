"""Gradient penalties that pull the gradient norm to 0, at the images of the batch."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from gan_run import LossContext, LossTerm, Scheduled, UpdateContext
from gan_run.plugins.losses.penalties.penalty import Penalty, gradient_norms


class R1(Penalty):
    """Half the mean squared gradient norm at real images (Mescheder et al. 2018, arXiv 1801.04406, equation 9)."""

    type: Literal["r1"] = "r1"
    weight: Scheduled = Field(default=10.0, description="gamma in the paper.")

    def build(self, context: LossContext) -> LossTerm:
        return R1Term()


class R1Term(LossTerm):
    """At real images. Reports `grad_norm`."""

    input_gradients = frozenset({"real"})

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return _half_mean_square(update, update.real_output.gradients)


class R2(Penalty):
    """Half the mean squared gradient norm at fakes (Mescheder et al. 2018, arXiv 1801.04406, section 4.1)."""

    type: Literal["r2"] = "r2"
    weight: Scheduled = Field(default=10.0, description="gamma in the paper.")

    def build(self, context: LossContext) -> LossTerm:
        return R2Term()


class R2Term(LossTerm):
    """At generated images. Reports `grad_norm`."""

    input_gradients = frozenset({"fake"})

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return _half_mean_square(update, update.fake_output.gradients)


def _half_mean_square(update: UpdateContext, gradients: Tensor) -> Tensor:
    update.report("grad_norm", gradient_norms(gradients).mean())
    return gradients.square().flatten(1).sum(dim=1).mean() / 2
