"""A generator that meets the data's average features."""

from typing import Literal

from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, UpdateContext, full_precision


class FeatureMatching(Loss):
    """Feature matching (Salimans et al. 2016, arXiv 1606.03498, section 3.1): the squared distance between the trunk's
    average features of real and of generated images. G's alone; D's needs an adversarial loss beside it."""

    type: Literal["feature-matching"] = "feature-matching"

    def build(self, context: LossContext) -> LossTerm:
        return FeatureMatchingTerm()


class FeatureMatchingTerm(LossTerm):
    """Of the feature vectors (N, F)."""

    def generator_loss(self, update: UpdateContext) -> Tensor:
        real, fake = (full_precision(view.features.vector) for view in (update.real_output, update.fake_output))
        return (real.mean(dim=0) - fake.mean(dim=0)).square().sum()
