"""The contrastive regulariser of InfoGAN-CR."""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import (
    Borrowed,
    CodeDim,
    ImageShape,
    Latent,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    Problem,
    SpecView,
    Trunk,
    TrunkModule,
    UpdateContext,
    full_precision,
    init_normal,
)


class InfoGANCR(Loss):
    """The contrastive regulariser of InfoGAN-CR (Lin et al. 2020, arXiv 1906.06034, equation 5).

    Two images share the value of one code; all other latents are drawn independently. A network that sees both images
    predicts which code they share. The network is trained by a player of its own, `pair-discriminator`; that player and
    G minimise the cross-entropy.

    The paper takes two updates of G per step (`"updates": {"generator": 2}`) and starts the regulariser late: give
    `weight` a schedule.
    """

    type: Literal["infogan-cr"] = "infogan-cr"
    codes: tuple[str, ...] = Field(min_length=1, description="Latents; each copy of a latent counts as a code.")
    trunk: Trunk = Field(description="Trunk of the pair network, on the concatenated channels of both images.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, code in enumerate(self.codes):
            yield from spec.check_latent(code, "codes", index)
        latents = [spec.find(Latent, "latents", code) for code in self.codes]
        if sum(latent.count for latent in latents if latent is not None) < 2:
            yield Problem(("codes",), "at least two codes are needed")

    def build(self, context: LossContext) -> LossTerm:
        image = context.data.image
        trunk = self.trunk.build(ImageShape(2 * image.channels, image.height, image.width))
        code_dims = context.latents.code_dims(self.codes)
        return InfoGANCRTerm(PairDiscriminator(trunk, len(code_dims)), context.latents, code_dims)


class PairDiscriminator(nn.Module):
    """Predicts which code two images (N, C, H, W) share: logits (N, codes)."""

    def __init__(self, trunk: TrunkModule, codes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.layer = nn.Linear(trunk.features, codes)
        init_normal(self.layer)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        logits = self.layer(self.trunk(torch.cat([one, other], dim=1)).vector)
        assert isinstance(logits, Tensor)
        return full_precision(logits)


class InfoGANCRTerm(LossTerm):
    """The cross-entropy of the shared code, in nats. Reports `accuracy`."""

    def __init__(self, pairs: PairDiscriminator, latents: LatentSpace, code_dims: list[CodeDim]) -> None:
        super().__init__()
        self.pairs = pairs
        self._code_dims = code_dims
        self._latents = Borrowed(latents)

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {"pair-discriminator": self.pairs}

    def pair_discriminator_loss(self, update: UpdateContext) -> Tensor:
        return self._cross_entropy(update)

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return self._cross_entropy(update)

    def _cross_entropy(self, update: UpdateContext) -> Tensor:
        one, other, shared = self.sample_pairs(update, len(update.real))
        logits = self.pairs(update.generate(one), update.generate(other))
        update.report("accuracy", (logits.argmax(dim=1) == shared).float().mean())
        return F.cross_entropy(logits, shared)

    def sample_pairs(self, update: UpdateContext, n: int) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        """Sample pairs of latents that share one code.

        Args:
            update: The update, which samples the latents.
            n: Number of pairs.

        Returns:
            The latents of the first and of the second images, and the index of the shared code, int64 (n,).
        """
        latents = self._latents.module
        one, other = update.sample_latents(n), update.sample_latents(n)
        shared = torch.randint(len(self._code_dims), (n,), device=update.real.device)
        for index, code_dim in enumerate(self._code_dims):
            copied = torch.where(shared == index, latents.value_of(one, code_dim), latents.value_of(other, code_dim))
            other = latents.with_value(other, code_dim, copied)
        return one, other, shared
