"""The least-squares loss."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, UpdateContext


class LeastSquares(Loss):
    """Least-squares loss (Mao et al. 2017, arXiv 1611.04076, equation 9; equation 8 has the targets -1, 1 and 0)."""

    type: Literal["least-squares"] = "least-squares"
    fake_target: float = Field(default=0.0, description="Target of D's logits on fakes: the paper's a.")
    real_target: float = Field(default=1.0, description="Target of D's logits on real images: the paper's b.")
    generator_target: float = Field(
        default=1.0, description="Target of D's logits on fakes in G's loss: the paper's c."
    )

    def build(self, context: LossContext) -> LossTerm:
        return LeastSquaresTerm(self)


class LeastSquaresTerm(LossTerm):
    """Half the mean squared difference between logits and targets."""

    def __init__(self, declared: LeastSquares) -> None:
        super().__init__()
        self._declared = declared

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        real = update.real_output.logits - self._declared.real_target
        fake = update.fake_output.logits - self._declared.fake_target
        return real.square().mean() / 2 + fake.square().mean() / 2

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return (update.fake_output.logits - self._declared.generator_target).square().mean() / 2
