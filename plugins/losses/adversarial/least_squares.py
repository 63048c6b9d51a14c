"""The least-squares loss."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field
from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, Problem, SpecView, UpdateContext


class LeastSquares(Loss):
    """Least-squares loss (Mao et al. 2017, arXiv 1611.04076, equation 9; equation 8 has the targets -1, 1 and 0)."""

    type: Literal["least-squares"] = "least-squares"
    fake_target: float = Field(default=0.0, description="Target of D's logits on fakes: a in the paper.")
    real_target: float = Field(default=1.0, description="Target of D's logits on real images: b in the paper.")
    generator_target: float = Field(default=1.0, description="Target of G for D's logits on fakes: c in the paper.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if self.real_target == self.fake_target:
            yield Problem(("real_target",), "it is fake_target too: D would have nothing to tell apart")
        if self.generator_target == self.fake_target:
            yield Problem(("generator_target",), "it is fake_target too: G would want what D gives its images anyway")

    def build(self, context: LossContext) -> LossTerm:
        return LeastSquaresTerm(self)


class LeastSquaresTerm(LossTerm):
    """Half the mean squared distance of logits to their targets."""

    def __init__(self, declared: LeastSquares) -> None:
        super().__init__()
        self._declared = declared

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        real = update.real_output.logits - self._declared.real_target
        fake = update.fake_output.logits - self._declared.fake_target
        return real.square().mean() / 2 + fake.square().mean() / 2

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return (update.fake_output.logits - self._declared.generator_target).square().mean() / 2
