"""Consistency regularisation of the discriminator under augmentation."""

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
    """Balanced consistency regularisation (bCR, Zhao et al. 2020, arXiv 2002.04724, algorithm 1): the mean squared
    difference between D's logits of images and of augmented copies, for real images plus for generated ones. With
    `fake: false` it is CR (Zhang et al. 2019, arXiv 1910.12027)."""

    type: Literal["consistency"] = "consistency"
    weight: Scheduled = Field(default=10.0, description="The paper's lambda.")
    augment: tuple[Augmentation, ...] = Field(
        min_length=1, description="Augmentations, in order, that D becomes invariant to."
    )
    fake: bool = Field(default=True, description="Whether to regularise on generated images too.")

    def build(self, context: LossContext) -> LossTerm:
        augment = Augmentations.of(self.augment, context.data.image)
        return ConsistencyTerm(augment, self.fake)


class ConsistencyTerm(LossTerm):
    """Compares unaugmented images with copies under `augment`; the discriminator's own augmentation is not applied."""

    def __init__(self, augment: Augmentations, fake: bool) -> None:
        super().__init__()
        self.augment = augment
        self._fake = fake

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        difference = self._difference(update.real_output)
        return difference + self._difference(update.fake_output) if self._fake else difference

    def _difference(self, output: DiscriminatorOutput) -> Tensor:
        return (output.augmented_with(self.augment).logits - output.unaugmented.logits).square().mean()
