"""The auxiliary classifier and its loss."""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    Borrowed,
    DiscriminatorOutput,
    Encoder,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    Problem,
    SpecView,
    UpdateContext,
    Values,
    fill_missing,
    full_precision,
    init_normal,
    is_known,
    mean_over_known,
)


class ACGAN(Loss):
    """The auxiliary classifier's loss (Odena et al. 2017, arXiv 1610.09585, equation 3).

    A classifier on D's trunk predicts the class of real and of generated images. D's and G's players both minimise its
    cross-entropy, in nats. The classifier is an encoder: `Model.encode` returns the predicted class. A condition that
    is a number or an angle has a regression in its place, with the log-likelihood of its posterior. Real images whose
    class is not known take no part.
    """

    type: Literal["acgan"] = "acgan"
    label: str = Field(
        default="label",
        description="Name of the condition: a latent that observes a column of the data, such as `label`.",
    )

    def encodes(self) -> Iterable[str]:
        return (self.label,)

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return spec.check_condition(self.label, "label")

    def build(self, context: LossContext) -> LossTerm:
        width = context.latents[self.label].posterior_width
        return ACGANTerm(Classifier(self.label, context.discriminator.trunk.features, width), context.latents)


class Classifier(Encoder):
    """A linear classifier on the trunk's features: one logit per class, or the posterior parameters of a number."""

    def __init__(self, label: str, features: int, width: int) -> None:
        super().__init__()
        self.codes = (label,)
        self.layer = nn.Linear(features, width)
        init_normal(self)

    def forward(self, output: DiscriminatorOutput) -> dict[str, Tensor]:
        vector = full_precision(output.features.vector)
        with torch.autocast(vector.device.type, enabled=False):  # bfloat16 logits are too coarse for a likelihood
            return {self.codes[0]: self.layer(vector)}


class ACGANTerm(LossTerm):
    """The cross-entropy of the classifier. Reports `real` and `fake`."""

    def __init__(self, classifier: Classifier, latents: LatentSpace) -> None:
        super().__init__()
        self.classifier = classifier
        self._latents = Borrowed(latents)

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {"discriminator": self.classifier}

    def encoder(self) -> Encoder:
        return self.classifier

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        real = self._loss(update.real_output, update.real_output.condition)
        update.report("real", real)
        return real + self.generator_loss(update)

    def generator_loss(self, update: UpdateContext) -> Tensor:
        fake = self._loss(update.fake_output, update.latents)
        update.report("fake", fake)
        return fake

    def _loss(self, output: DiscriminatorOutput, values: Values) -> Tensor:
        (label,) = self.classifier.codes
        latent, value = self._latents.module.conditional(label, values), values[label]
        nats = -latent.log_likelihood(self.classifier(output.unaugmented)[label], fill_missing(value))
        return mean_over_known(nats, is_known(value))
