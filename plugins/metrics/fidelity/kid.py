"""The kernel inception distance."""

import math
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from gan_run import Headline, ImageFeatures
from gan_run.plugins.metrics.fidelity.score import FidelityScore


class KID(FidelityScore):
    """The kernel inception distance (Bińkowski et al. 2018): the unbiased estimate of the squared maximum mean
    discrepancy with the kernel (x.y / F + 1)^3 of F features, its mean over random subsets.

    It can be negative. `standard_error` is that of the mean over subsets.
    """

    headlines = (Headline("kid", "lower", form=".5f"), Headline("real_images.kid", "lower", form=".5f"))
    type: Literal["kid"] = "kid"
    subsets: int = Field(default=100, ge=2, description="Number of subsets.")
    subset_size: int = Field(
        default=1000, ge=2, description="Number of images in a subset, without repetition; less if there are fewer."
    )

    def compute(self, features: ImageFeatures, reference: ImageFeatures, seed: int) -> Mapping[str, float]:
        from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric

        found = kid_features_to_metric(
            features.vector.double(),
            reference.vector.double(),
            kid_subsets=self.subsets,
            kid_subset_size=min(self.subset_size, len(features.vector), len(reference.vector)),
            rng_seed=seed,
            verbose=False,
        )
        # The library gives the deviation of the subsets that it drew, with the divisor `subsets`.
        error = float(found[KEY_METRIC_KID_STD]) / math.sqrt(self.subsets - 1)
        return {"kid": float(found[KEY_METRIC_KID_MEAN]), "standard_error": error}
