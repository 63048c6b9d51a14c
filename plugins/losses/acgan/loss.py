"""The loss of the auxiliary classifier."""

from collections.abc import Iterable, Mapping
from typing import Literal

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
    init_normal,
)


class ACGAN(Loss):
    """AC-GAN's classification loss (Odena et al. 2017, arXiv 1610.09585, equation 3): a classifier on D's trunk learns
    the class of real and of generated images, and G learns to generate the class it is conditioned on. Both minimise
    the cross-entropy, in nats. The classifier is also an encoder: `Model.encode` returns the class of an image."""

    type: Literal["acgan"] = "acgan"
    label: str = Field(default="label", description="The latent that holds the class, of type label.")

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
        return {self.codes[0]: self.layer(output.features.vector)}


class ACGANTerm(LossTerm):
    """The negative log-likelihood of the class, in nats: D's on real and generated images, G's on generated ones."""

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
