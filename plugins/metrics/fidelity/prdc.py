"""Precision, recall, density and coverage."""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import DataError, DataInfo, Headline, ImageFeatures, Problem, SpecView
from gan_run.plugins.metrics.fidelity.score import FidelityScore

ROWS = 1000
"""Images whose distances to all others are in memory at once."""
NUMBERS = ("precision", "recall", "density", "coverage")


class PRDC(FidelityScore):
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020), from balls around each
    image that reach to its k-th nearest neighbour in its own set.

    Precision is the share of generated images in some ball of a real one, recall the share of real images in some ball
    of a generated one. Density is the mean number of real balls that a generated image is in, divided by k; it may
    exceed 1. Coverage is the share of real images whose ball has a generated image in it.
    """

    headlines = (
        *(Headline(name, form=".3f") for name in NUMBERS),
        *(Headline(f"real_images.{name}", form=".3f") for name in NUMBERS),
    )
    type: Literal["prdc"] = "prdc"
    images: int | None = Field(default=10000, ge=2, description="Number of these at most; null for all.")
    neighbour: int = Field(
        default=5, ge=1, description="k. Naeem et al. take 5 for all four numbers, Kynkäänniemi et al. 3."
    )

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        yield from super().check_data(spec, data)
        if self.neighbour >= self.samples:
            yield Problem(("neighbour",), f"{self.samples} images have no neighbour {self.neighbour}")

    def compute(self, features: ImageFeatures, reference: ImageFeatures, seed: int) -> Mapping[str, float]:
        from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

        generated, real = features.vector.double(), reference.vector.double()
        if (fewest := min(len(generated), len(real))) <= self.neighbour:
            raise DataError(f"prdc: {fewest} images have no neighbour {self.neighbour}")
        found = prc_features_to_metric(
            generated, real, prc_neighborhood=self.neighbour, prc_batch_size=ROWS, save_cpu_ram=True, verbose=False
        )
        density, coverage = density_and_coverage(generated, real, self.neighbour)
        precision, recall = float(found[KEY_METRIC_PRECISION]), float(found[KEY_METRIC_RECALL])
        return dict(zip(NUMBERS, (precision, recall, density, coverage), strict=True))


def density_and_coverage(generated: Tensor, real: Tensor, k: int) -> tuple[float, float]:
    """Density and coverage (Naeem et al. 2020, equations 3 and 4).

    Args:
        generated: Features (N, F).
        real: Features (M, F), M > k.
        k: Which neighbour the ball around a real image reaches to.

    Returns:
        Density, at least 0, and coverage, in [0, 1].
    """
    # The nearest of all images is the image itself.
    radii = torch.cat([torch.cdist(part, real).kthvalue(k + 1).values for part in torch.split(real, ROWS)])
    hits, covered = 0, torch.zeros(len(real), dtype=torch.bool)
    for part in torch.split(generated, ROWS):
        inside = torch.cdist(part, real) <= radii
        hits += int(inside.sum())
        covered |= inside.any(dim=0)
    return hits / (k * len(generated)), covered.double().mean().item()
