"""A discriminator that says the same of an image and of its changed copy."""

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
    difference of D between images and their changed copies, of real images plus of generated ones. Only on real ones it
    is CR (Zhang et al. 2019, arXiv 1910.12027)."""

    type: Literal["consistency"] = "consistency"
    weight: Scheduled = Field(default=10.0, description="The paper's lambda.")
    augment: tuple[Augmentation, ...] = Field(min_length=1, description="Changes, in order, that D is not to mind.")
    fake: bool = Field(default=True, description="Whether generated images count too.")

    def build(self, context: LossContext) -> LossTerm:
        augment = Augmentations.of(self.augment, context.data.image)
        return ConsistencyTerm(augment, self.fake)


class ConsistencyTerm(LossTerm):
    """Either copy is judged as it is, whatever the discriminator's own augmentation."""

    def __init__(self, augment: Augmentations, fake: bool) -> None:
        super().__init__()
        self.augment = augment
        self._fake = fake

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        difference = self._difference(update.real_output)
        return difference + self._difference(update.fake_output) if self._fake else difference

    def _difference(self, output: DiscriminatorOutput) -> Tensor:
        return (output.augmented_with(self.augment).logits - output.unaugmented.logits).square().mean()
