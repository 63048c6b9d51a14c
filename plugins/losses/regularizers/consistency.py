"""Consistency regularisation."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from gan_run import (
    Augmentation,
    Augmentations,
    DiscriminatorOutput,
    Loss,
    LossContext,
    LossTerm,
    Scheduled,
    UpdateContext,
)


class Consistency(Loss):
    """Balanced consistency regularisation (bCR, Zhao et al. 2020, arXiv 2002.04724, algorithm 1).

    The mean squared difference of D's logits between images and their augmented copies, for real images plus for
    generated ones. For real images alone it is CR (Zhang et al. 2019, arXiv 1910.12027).
    """

    type: Literal["consistency"] = "consistency"
    weight: Scheduled = Field(default=10.0, description="lambda in the paper.")
    augment: tuple[Augmentation, ...] = Field(
        min_length=1, description="Augmentations, in order, that D becomes invariant to."
    )
    fake: bool = Field(default=True, description="Whether the term includes generated images.")

    def build(self, context: LossContext) -> LossTerm:
        augment = Augmentations.of(self.augment, context.data.image)
        return ConsistencyTerm(augment, self.fake)


class ConsistencyTerm(LossTerm):
    """Compares logits of images and of augmented copies, without the discriminator's own augmentation."""

    def __init__(self, augment: Augmentations, fake: bool) -> None:
        super().__init__()
        self.augment = augment
        self._fake = fake

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        difference = self._difference(update.real_output)
        return difference + self._difference(update.fake_output) if self._fake else difference

    def _difference(self, output: DiscriminatorOutput) -> Tensor:
        return (output.augmented_with(self.augment).logits - output.unaugmented.logits).square().mean()
