"""Images that look like no others."""

import torch
from torch import Tensor

from gan_run.core.base.errors import DataError

NEIGHBOURS = 5
ROWS = 1000
"""Images whose distances to all others are in memory at once."""


def outlier_scores(features: Tensor) -> Tensor:
    """The mean distance of each image to the five that are nearest to it, in the trunk's features.

    Features are scaled to unit variance, as their units have no meaning. (k-nearest-neighbour outlier score, Ramaswamy
    et al. 2000.)

    Args:
        features: (N, F).

    Returns:
        Scores (N,); large ones are outliers.

    Raises:
        DataError: There is one image.
    """
    if len(features) < 2:
        raise DataError("outliers: one image has no others to compare it with")
    scaled = (features - features.mean(dim=0)) / features.std(dim=0, correction=0).clamp_min(1e-12)
    nearest = min(NEIGHBOURS, len(scaled) - 1)
    scores = []
    for start in range(0, len(scaled), ROWS):
        distances = torch.cdist(scaled[start : start + ROWS], scaled)
        own = torch.arange(len(distances))
        distances[own, start + own] = torch.inf
        scores.append(distances.topk(nearest, largest=False).values.mean(dim=1))
    return torch.cat(scores)
