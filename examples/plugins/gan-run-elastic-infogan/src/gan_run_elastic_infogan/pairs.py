"""The contrastive loss of Elastic-InfoGAN: Q is invariant to augmentations and separates different images."""

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
    2020, arXiv 2002.05709): Q's posterior parameters of a real image are close to those of an augmented copy, and far
    from those of other images. It uses the Q of another loss that encodes the code; D's player minimises it."""

    type: Literal["identity-pairs"] = "identity-pairs"
    code: str = Field(default="category", description="The code, which another loss has to encode.")
    augment: tuple[Augmentation, ...] = Field(min_length=1, description="Augmentations, in order, that keep the class.")
    temperature: float = Field(default=0.5, gt=0, description="Temperature of the softmax over similarities.")

    def requires_encoders(self) -> Iterable[str]:
        return (self.code,)

    def build(self, context: LossContext) -> LossTerm:
        augment = Augmentations.of(self.augment, context.data.image)
        return IdentityPairsTerm(self.code, context.encoders[self.code], augment, self.temperature)


class IdentityPairsTerm(LossTerm):
    """NT-Xent between the posterior parameters of real images and of their augmented copies, in nats."""

    def __init__(self, code: str, encoder: Encoder, augment: Augmentations, temperature: float) -> None:
        super().__init__()
        self.augment = augment
        self._code, self._temperature = code, temperature
        self._encoder = Borrowed(encoder)

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        encoder = self._encoder.module
        plain = encoder(update.real_output.unaugmented)[self._code]
        augmented = encoder(update.real_output.augmented_with(self.augment))[self._code]
        return nt_xent(plain, augmented, self._temperature)


def nt_xent(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """The normalised temperature-scaled cross-entropy (Chen et al. 2020, arXiv 2002.05709, equation 1).

    Args:
        one: Vectors (N, P).
        other: Their partners (N, P), row by row.
        temperature: Divisor of the cosine similarities.

    Returns:
        The mean cross-entropy of identifying each vector's partner among the 2N - 1 other vectors, a scalar in nats.
    """
    n = len(one)
    rows = F.normalize(full_precision(torch.cat([one, other])), dim=1)
    similarity = rows @ rows.T / temperature
    itself = torch.eye(2 * n, dtype=torch.bool, device=rows.device)
    partner = torch.arange(2 * n, device=rows.device).roll(n)
    return F.cross_entropy(similarity.masked_fill(itself, -torch.inf), partner)
