"""The semi-supervised loss of ss-InfoGAN."""

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
    """The semi-supervised part of ss-InfoGAN (Spurr et al. 2017, arXiv 1707.04487, equation 6).

    Maximises the bound on the information between a code and the labels of a few real images, so that category k
    becomes class k. It uses the Q of another loss that encodes the code, as a rule `mutual-information`, whose
    `q_player` must be the discriminator: this term is part of the discriminator's objective alone.
    """

    type: Literal["ss-infogan"] = "ss-infogan"
    code: str = Field(default="category", description="The categorical code, with a category per class.")
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
        images: The training images, with labels.
        labelled: Number of images per class.
        draw: Seed of the choice.

    Returns:
        The chosen images, class by class.

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
    """The negative log-likelihood of labels, in nats, of a batch of the labelled images drawn with replacement.

    Reports `accuracy`.
    """

    _images: Tensor | None
    _labels: Tensor | None

    def __init__(self, code: str, latent: LatentModule, encoder: Encoder, few: ImageSet | None) -> None:
        super().__init__()
        self._code = code
        self._mirrored = few is not None and few.mirrored
        # Buffers move to the device with the term. They are not persistent: a checkpoint holds no data.
        self.register_buffer("_images", None if few is None else few.images, persistent=False)
        self.register_buffer("_labels", None if few is None else few.labels, persistent=False)
        self._latent, self._encoder = Borrowed(latent), Borrowed(encoder)

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        assert self._images is not None, "a game that is trained has images"
        few = ImageSet(self._images, self._labels, self._mirrored)
        latent, encoder = self._latent.module, self._encoder.module
        batch = few.batch(torch.randint(len(few), (len(update.real),), device=update.real.device))
        assert batch.labels is not None
        params = encoder(update.discriminate(batch.images).unaugmented)[self._code]
        update.report("accuracy", (latent.estimate(params) == batch.labels).float().mean())
        return -latent.log_likelihood(params, batch.labels).mean()
