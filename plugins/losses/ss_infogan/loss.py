"""The loss of ss-InfoGAN on a few labelled images."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    Borrowed,
    DataError,
    DataInfo,
    Encoder,
    ImageSet,
    Latent,
    LatentContext,
    LatentModule,
    Loss,
    LossContext,
    LossTerm,
    Problem,
    SpecView,
    UpdateContext,
    permutation,
)


class SSInfoGAN(Loss):
    """The semi-supervised loss of ss-InfoGAN (Spurr et al. 2017, arXiv 1707.04487, equation 6): maximises the bound on
    the information between a code and the labels of a few real images, so that category k becomes class k.

    It uses the Q of another loss that encodes the code, such as `mutual-information`, and is in the objective of the
    discriminator's player, which has to train Q.
    """

    type: Literal["ss-infogan"] = "ss-infogan"
    code: str = Field(default="category", description="The categorical code, with at least one category per class.")
    labelled: int = Field(ge=1, description="Number of labelled training images per class.")
    draw: int = Field(default=0, ge=0, description="Seed of the choice of labelled images.")

    def requires_encoders(self) -> Iterable[str]:
        return (self.code,)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if data.class_names is None:
            yield Problem(("type",), "the data has no labels")
            return
        latent = spec.part(Latent, "latents", self.code)
        categories = latent.module(LatentContext(data)).cardinality or 0
        if categories < len(data.class_names) or latent.count > 1:
            needed = f"at least {len(data.class_names)} categories, one per class"
            yield Problem(("code",), f"{self.code!r} has to be one categorical code of {needed}")

    def build(self, context: LossContext) -> LossTerm:
        few = None if context.images is None else few_labels(context.images, self.labelled, self.draw)
        return SSInfoGANTerm(self.code, context.latents[self.code], context.encoders[self.code], few)


def few_labels(images: ImageSet, labelled: int, draw: int) -> ImageSet:
    """Choose the labelled images.

    Args:
        images: The training images with their labels.
        labelled: How many of each class.
        draw: The seed of the choice.

    Returns:
        The chosen images with their labels, class by class.

    Raises:
        DataError: A class has fewer images.
    """
    assert images.labels is not None
    chosen = []
    for label in range(int(images.labels.max()) + 1):
        (members,) = (images.labels == label).nonzero(as_tuple=True)
        if len(members) < labelled:
            raise DataError(f"ss-infogan: class {label} has {len(members)} training images, not {labelled} to label")
        chosen.append(members[permutation(len(members), "labelled", draw, label)[:labelled].to(members.device)])
    at = torch.cat(chosen)
    return ImageSet(images.gather(at), images.labels[at], images.mirrored)


class SSInfoGANTerm(LossTerm):
    """The negative log-likelihood of the labels, in nats, on a batch of labelled images drawn with replacement."""

    def __init__(self, code: str, latent: LatentModule, encoder: Encoder, few: ImageSet | None) -> None:
        super().__init__()
        self._code = code
        self._few = few
        self._latent, self._encoder = Borrowed(latent), Borrowed(encoder)

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        assert self._few is not None, "a loss that is trained has images"
        latent, encoder = self._latent.module, self._encoder.module
        batch = self._few.batch(torch.randint(len(self._few), (len(update.real),)))
        assert batch.labels is not None
        images, labels = batch.images.to(update.real), batch.labels.to(update.real.device)
        params = encoder(update.discriminate(images).unaugmented)[self._code]
        update.report("accuracy", (latent.estimate(params) == labels).float().mean())
        return -latent.log_likelihood(params, labels).mean()
