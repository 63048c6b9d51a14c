"""The information term: a lower bound on the mutual information between codes and images."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    Augmentation,
    Augmentations,
    Borrowed,
    DataInfo,
    DiscriminatorOutput,
    Encoder,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    Problem,
    SpecView,
    UpdateContext,
    frozen_running_stats,
)
from gan_run.plugins.losses.mutual_information.odd import SomeMirrored, has_opposites, of_some_mirrored
from gan_run.plugins.losses.mutual_information.q import QHeads

CodeWeight = Annotated[float, Field(gt=0)]


class MutualInformation(Loss):
    """Maximises InfoGAN's variational bound (Chen et al. 2016, arXiv 1606.03657, equations 4 and 5):

        I(c; G(z, c)) >= E[log Q(c | G(z, c))] + H(c)

    The latents in `codes` are the codes. By default, as in the original code, both players minimise the negative bound:
    the discriminator's player trains the trunk and Q, the generator's player trains G.
    """

    type: Literal["mutual-information"] = "mutual-information"
    codes: dict[str, CodeWeight] = Field(
        min_length=1, description="The latents that Q recovers, each with the weight of its bound."
    )
    q_player: Literal["discriminator", "generator"] = Field(
        default="discriminator", description="The player whose optimiser trains Q."
    )
    train_trunk: bool = Field(default=True, description="Whether D's player trains the trunk by this term.")
    train_generator: bool = Field(
        default=True, description="Whether G is trained by this term; with false, only Q and the trunk are."
    )
    hidden: int | None = Field(default=128, ge=1, description="Width of Q's hidden layer; null for none.")
    slope: float = Field(default=0.1, ge=0, description="Negative slope of Q's leaky ReLU.")
    augment: list[Augmentation] = Field(
        default_factory=list,
        description="Augmentations before Q reads the codes, so that the codes become invariant to them.",
    )

    odd: tuple[str, ...] = Field(
        default=(),
        description="Codes of which a mirrored image has the opposite value, such as the azimuth of a head: every "
        "second image is mirrored before Q reads it. The other codes of this entry become invariant to mirroring.",
    )

    def encodes(self) -> Iterable[str]:
        return self.codes

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for code in self.codes:
            yield from spec.check_latent(code, "codes", code)
        for index, code in enumerate(self.odd):
            if code not in self.codes:
                yield Problem(("odd", index), f"{code!r} is not in codes: {', '.join(self.codes)}")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if not self.odd:
            return
        latents = spec.latent_space(data)
        for index, code in enumerate(self.odd):
            if code in self.codes and not has_opposites(latents[code]):
                yield Problem(("odd", index), f"{code!r} has no opposite values: a number or an angle has")

    def build(self, context: LossContext) -> "MutualInformationTerm":
        q = QHeads(context.discriminator.trunk.features, context.latents, tuple(self.codes), self.hidden, self.slope)
        augment = Augmentations.of(self.augment, context.data.image)
        if self.odd:
            augment = Augmentations(SomeMirrored(), augment)
        return MutualInformationTerm(self, context.latents, q, augment)


class MutualInformationTerm(LossTerm):
    """The negative bound in nats, each code's part times its weight. Reports the negative bound of each code."""

    def __init__(
        self,
        declared: MutualInformation,
        latents: LatentSpace,
        q: QHeads,
        augment: Augmentations,
    ) -> None:
        super().__init__()
        self.q = q
        self.augment = augment
        self._declared = declared
        self._latents = Borrowed(latents)

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {self._declared.q_player: self.q}

    def encoder(self) -> Encoder:
        return self.q

    def has_objective_for(self, player: str) -> bool:
        trains_q = player == self._declared.q_player
        if player == "discriminator":
            return trains_q or self._declared.train_trunk
        return player == "generator" and (trains_q or self._declared.train_generator)

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return self._minus_bound(update, detach=not self._declared.train_trunk)

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return self._minus_bound(update, detach=not self._declared.train_generator)

    def _minus_bound(self, update: UpdateContext, detach: bool) -> Tensor:
        params = (
            self._read_augmented(update, detach)
            if len(self.augment)
            else self._read(update.fake_output.unaugmented, detach)
        )
        losses = []
        for code, weight in self._declared.codes.items():
            latent = self._latents.module.conditional(code, update.latents)
            value = update.latents[code]
            if code in self._declared.odd:
                value = of_some_mirrored(latent, value)
            bound = latent.log_likelihood(params[code], value).mean() + latent.entropy()
            update.report(code, -bound)
            losses.append(-bound * weight)
        return torch.stack(losses).sum()

    def _read(self, output: DiscriminatorOutput, detach: bool) -> dict[str, Tensor]:
        vector = output.features.vector
        return self.q.read(vector.detach() if detach else vector)

    def _read_augmented(self, update: UpdateContext, detach: bool) -> dict[str, Tensor]:
        """Posterior parameters of augmented fakes.

        Q's running statistics follow unaugmented fakes, since evaluation reads images without augmentation.
        """
        plain = update.fake_output.unaugmented.features.vector.detach()
        with frozen_running_stats(self.q):
            params = self._read(update.fake_output.augmented_with(self.augment), detach)
        with torch.no_grad():
            self.q.read(plain)
        return params
