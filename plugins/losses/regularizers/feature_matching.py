"""Feature matching."""

from typing import Literal

from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, UpdateContext, full_precision


class FeatureMatching(Loss):
    """Feature matching (Salimans et al. 2016, arXiv 1606.03498, section 3.1).

    G minimises the squared distance between the mean features of real and of generated images. D has no part in it and
    needs an adversarial loss.
    """

    type: Literal["feature-matching"] = "feature-matching"

    def build(self, context: LossContext) -> LossTerm:
        return FeatureMatchingTerm()


class FeatureMatchingTerm(LossTerm):
    """The squared distance between means of feature vectors (N, F)."""

    def generator_loss(self, update: UpdateContext) -> Tensor:
        real, fake = (full_precision(output.features.vector) for output in (update.real_output, update.fake_output))
        return (real.mean(dim=0) - fake.mean(dim=0)).square().sum()
