"""A Q that says the same of an image and of its changed copy, and something else of other images."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from gan_run import (
    Augmentation,
    Augmentations,
    Borrowed,
    Encoder,
    Loss,
    LossContext,
    LossTerm,
    UpdateContext,
    full_precision,
)


class IdentityPairs(Loss):
    """The contrastive loss of Elastic-InfoGAN (Ojha et al. 2020, arXiv 1910.01112, section 3.2; NT-Xent of Chen et al.
    2020, arXiv 2002.05709): what Q says of a real image is close to what it says of the image after changes that keep
    what it shows. It rides on the Q of whichever loss reads the code, and D's player minimises it."""

    type: Literal["identity-pairs"] = "identity-pairs"
    code: str = Field(default="category", description="The code, which an information term names.")
    augment: tuple[Augmentation, ...] = Field(min_length=1, description="Changes, in order, that keep the class.")
    temperature: float = Field(default=0.5, gt=0, description="Of the similarities.")

    def requires_encoders(self) -> Iterable[str]:
        return (self.code,)

    def build(self, context: LossContext) -> LossTerm:
        augment = Augmentations.of(self.augment, context.data.image)
        return IdentityPairsTerm(self.code, context.encoders[self.code], augment, self.temperature)


class IdentityPairsTerm(LossTerm):
    """The mean cross-entropy of finding an image's partner among all others of the batch, in nats."""

    def __init__(self, code: str, encoder: Encoder, augment: Augmentations, temperature: float) -> None:
        super().__init__()
        self.augment = augment
        self._code, self._temperature = code, temperature
        self._encoder = Borrowed(encoder)

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        encoder = self._encoder.module
        plain = encoder(update.real_output.unaugmented)[self._code]
        changed = encoder(update.real_output.augmented_with(self.augment))[self._code]
        return nt_xent(plain, changed, self._temperature)


def nt_xent(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """Of vectors (N, P) whose i-th rows are partners."""
    n = len(one)
    rows = F.normalize(full_precision(torch.cat([one, other])), dim=1)
    similarity = rows @ rows.T / temperature
    itself = torch.eye(2 * n, dtype=torch.bool, device=rows.device)
    partner = torch.arange(2 * n, device=rows.device).roll(n)
    return F.cross_entropy(similarity.masked_fill(itself, -torch.inf), partner)
