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
    LatentModule,
    Loss,
    LossContext,
    LossTerm,
    Problem,
    SpecView,
    UpdateContext,
    Values,
    full_precision,
    init_normal,
)


class ACGAN(Loss):
    """The auxiliary classifier's loss (Odena et al. 2017, arXiv 1610.09585, equation 3).

    A classifier on D's trunk predicts the class of real and of generated images. D's and G's players both minimise its
    cross-entropy, in nats. The classifier is an encoder: `Model.encode` returns the predicted class.
    """

    type: Literal["acgan"] = "acgan"
    label: str = Field(default="label", description="Name of the class latent, of type `label`.")

    def encodes(self) -> Iterable[str]:
        return (self.label,)

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return spec.check_condition(self.label, "label")

    def build(self, context: LossContext) -> LossTerm:
        latent = context.latents[self.label]
        classifier = Classifier(self.label, context.discriminator.trunk.features, latent.posterior_width)
        return ACGANTerm(classifier, latent)


class Classifier(Encoder):
    """A linear classifier on the trunk's features: one logit per class."""

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

    def __init__(self, classifier: Classifier, latent: LatentModule) -> None:
        super().__init__()
        self.classifier = classifier
        self._latent = Borrowed(latent)

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
        latent = self._latent.module
        (label,) = self.classifier.codes
        return -latent.log_likelihood(self.classifier(output.unaugmented)[label], values[label]).mean()
