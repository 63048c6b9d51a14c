"""The semi-supervised loss of ss-InfoGAN."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    Borrowed,
    Column,
    DataInfo,
    Encoder,
    ImageSet,
    Latent,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    PixelCodec,
    Problem,
    SpecView,
    UpdateContext,
    suggest,
)
from gan_run.plugins.losses.ss_infogan.labelled import as_code, choose


class SSInfoGAN(Loss):
    """The semi-supervised part of ss-InfoGAN (Spurr et al. 2017, arXiv 1707.04487, equation 6).

    Maximises the bound on the information between a code and what is known of a few real images, so that category k
    becomes class k, or so that a continuous code becomes a pose. It uses the Q of another loss that encodes the code,
    as a rule `mutual-information`, whose `q_player` must be the discriminator: this term is part of the discriminator's
    objective alone.

    The column's numbers become values of the code: an angle in degrees is turned into the code's period, and the range
    of a continuous column becomes the range of the code's traversal (-1 to 1 of a `uniform` code).
    """

    type: Literal["ss-infogan"] = "ss-infogan"
    code: str = Field(default="category", description="The code; a categorical one has a category per class.")
    column: str = Field(default="label", description="The column of the data that the code learns.")
    labelled: int = Field(
        ge=1, description="Number of labelled training images: per class, or in all where the column has no categories."
    )
    draw: int = Field(default=0, ge=0, description="Seed of the choice of labelled images.")

    def requires_encoders(self) -> Iterable[str]:
        return (self.code,)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        column = data.columns.get(self.column)
        if column is None:
            message = f"the data has no column {self.column!r}{suggest(self.column, data.columns)}"
            yield Problem(("column",), message)
            return
        if why := data.why_no_set("train"):
            yield Problem(("labelled",), f"no images can be chosen beforehand: {why}")
        if column.names is not None and len(column.names) == 1:
            yield Problem(("column",), f"all images are of one class, {column.names[0]!r}: there is nothing to learn")
        latent = spec.part(Latent, "latents", self.code)
        module = spec.latent_space(data)[self.code]
        fits = {
            "categorical": module.cardinality is not None and module.cardinality >= len(column.names or ()),
            "angle": module.period is not None,
            "continuous": module.cardinality is None and module.period is None,
        }
        if not fits[column.kind] or latent.count > 1 or latent.depends_on() or column.shape:
            yield Problem(("code",), f"{self.code!r} has to be one {_needed(column)}")

    def build(self, context: LossContext) -> LossTerm:
        column = context.data.columns[self.column]
        few = None
        if context.images is not None:
            few = choose(context.images, self.column, column, self.labelled, self.draw)
            few = as_code(few, self.column, column, context.latents[self.code])
        return SSInfoGANTerm(self.code, self.column, context.latents, context.encoders[self.code], few)


def _needed(column: Column) -> str:
    if column.names is not None:
        return f"categorical code of at least {len(column.names)} categories, one per class"
    return {"categorical": "categorical", "angle": "cyclic", "continuous": "continuous"}[column.kind] + " code"


class SSInfoGANTerm(LossTerm):
    """The negative log-likelihood of labels, in nats, of a batch of the labelled images drawn with replacement.

    Reports `accuracy` of a categorical code, else `recovery`.
    """

    _images: Tensor | None
    _values: Tensor | None

    def __init__(self, code: str, column: str, latents: LatentSpace, encoder: Encoder, few: ImageSet | None) -> None:
        super().__init__()
        self._code = code
        self._mirrored = few is not None and few.mirrored
        self._codec = PixelCodec() if few is None else few.codec
        # Buffers move to the device with the term. They are not persistent: a checkpoint holds no data.
        self.register_buffer("_images", None if few is None else few.images, persistent=False)
        self.register_buffer("_values", None if few is None else few.columns[column], persistent=False)
        self._latents, self._encoder = Borrowed(latents), Borrowed(encoder)

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        assert self._images is not None, "a game that is trained has images"
        assert self._values is not None, "a game that is trained has values"
        few = ImageSet(self._images, {self._code: self._values}, self._mirrored, self._codec)
        latent, encoder = self._latents.module[self._code], self._encoder.module
        batch = few.batch(torch.randint(len(few), (len(update.real),), device=update.real.device))
        params = encoder(update.discriminate(batch.images).unaugmented)[self._code]
        value = batch.columns[self._code]
        if latent.cardinality is None:
            update.report("recovery", latent.recovery(params, value))
        else:
            update.report("accuracy", (latent.estimate(params) == value).float().mean())
        return -latent.log_likelihood(params, value).mean()
