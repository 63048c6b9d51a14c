"""The Fréchet inception distance."""

from collections.abc import Mapping
from typing import Literal

from gan_run import Headline, ImageFeatures
from gan_run.plugins.metrics.fidelity.score import FidelityScore


class FID(FidelityScore):
    """The Fréchet inception distance (Heusel et al. 2017): between two Gaussians with the means and covariances of the
    features, |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)).

    It is biased: fewer images give a higher distance, so that only scores with equal numbers of images compare.
    """

    headlines = (Headline("fid", "lower", form=".3f"), Headline("real_images.fid", "lower", form=".3f"))
    type: Literal["fid"] = "fid"

    def compute(self, features: ImageFeatures, reference: ImageFeatures, seed: int) -> Mapping[str, float]:
        from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric

        one, other = (fid_features_to_statistics(each.vector.double()) for each in (features, reference))
        return {"fid": float(fid_statistics_to_metric(one, other, verbose=False)[KEY_METRIC_FID])}
