"""R1 and R2: penalties on gradient norms above zero, at the images themselves."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from gan_run import LossContext, LossTerm, Scheduled, UpdateContext
from gan_run.plugins.losses.penalties.penalty import Penalty, gradient_norms


class R1(Penalty):
    """R1 penalty: half the mean squared gradient norm of D at real images (Mescheder et al. 2018, arXiv 1801.04406,
    equation 9)."""

    type: Literal["r1"] = "r1"
    weight: Scheduled = Field(default=10.0, description="The paper's gamma.")

    def build(self, context: LossContext) -> LossTerm:
        return R1Term()


class R2(Penalty):
    """R2 penalty: half the mean squared gradient norm of D at fakes (Mescheder et al. 2018, arXiv 1801.04406,
    section 4.1)."""

    type: Literal["r2"] = "r2"
    weight: Scheduled = Field(default=10.0, description="The paper's gamma.")

    def build(self, context: LossContext) -> LossTerm:
        return R2Term()


class R1Term(LossTerm):
    """Half the mean squared gradient norm at the images of `input_gradients`."""

    input_gradients = frozenset({"real"})

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        output = update.real_output if "real" in self.input_gradients else update.fake_output
        update.report("grad_norm", gradient_norms(output.gradients).mean())
        return output.gradients.square().flatten(1).sum(dim=1).mean() / 2


class R2Term(R1Term):
    """The same at fakes."""

    input_gradients = frozenset({"fake"})
