"""The inception score."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from gan_run import DataInfo, Headline, ImageFeatures, PluginError, Problem, SpecView
from gan_run.plugins.metrics.fidelity.score import FidelityScore


class InceptionScore(FidelityScore):
    """The inception score (Salimans et al. 2016): exp E[KL(p(y | x) || p(y))] of the classes y that the network gives
    images x; its mean over equal parts of the images, and the deviation.

    It is between 1 and the number of classes, and high where each image is of one class and all classes are there. Real
    images enter it as `real_images` alone.
    """

    headlines = (Headline("inception_score", form=".3f"), Headline("real_images.inception_score", form=".3f"))
    type: Literal["inception-score"] = "inception-score"
    parts: int = Field(default=10, ge=1, description="Number of parts that the images are divided into.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        yield from super().check_data(spec, data)
        if not self.network.has_logits():
            yield Problem(("network",), f"{self.network.name()} gives no classes, which the inception score needs")
        if self.parts > self.samples:
            yield Problem(("parts",), f"{self.samples} images cannot be divided into {self.parts} parts")

    def compute(self, features: ImageFeatures, reference: ImageFeatures, seed: int) -> Mapping[str, float]:
        from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric

        if features.logits is None:
            raise PluginError(f"{self.network.name()} gives no classes, which the inception score needs")
        # Shuffled, since the real images of a split may be sorted by class.
        parts = min(self.parts, len(features.logits))
        found = isc_features_to_metric(features.logits, parts, shuffle=True, rng_seed=seed)
        return {
            "inception_score": float(found[KEY_METRIC_ISC_MEAN]),
            "standard_deviation": float(found[KEY_METRIC_ISC_STD]),
        }
