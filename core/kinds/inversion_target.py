"""How far images are from those that are to be reproduced."""

import copy

import torch
from torch import Tensor

from gan_run.core.base.device import full_precision
from gan_run.core.kinds.discriminator import TrunkModule

FEATURES = 0.1
"""Weight of the trunk's features beside pixels."""


class Target:
    """N images, and how far others are from them.

    Args:
        trunk: The discriminator's trunk.
        images: (N, C, H, W) in [-1, 1].
    """

    def __init__(self, trunk: TrunkModule, images: Tensor) -> None:
        self._trunk, self._images = trunk, images
        with torch.no_grad():
            self._features = self._features_of(images)

    def __len__(self) -> int:
        return len(self._images)

    def at(self, rows: Tensor) -> "Target":
        """Some of the images, by rows, (M,)."""
        other = copy.copy(self)
        other._images, other._features = self._images[rows], [each[rows] for each in self._features]
        return other

    def squared_errors(self, images: Tensor) -> Tensor:
        """The mean squared differences from images (N, C, H, W), or from M images if N is 1."""
        return _mean_square(images - self._images)

    def losses(self, images: Tensor) -> Tensor:
        """The same, and the squared differences of the trunk's features as shares of their mean square."""
        apart = zip(self._features_of(images), self._features, strict=True)
        shares = [_mean_square(found - wanted) / _mean_square(wanted).clamp_min(1e-12) for found, wanted in apart]
        return self.squared_errors(images) + FEATURES * torch.stack(shares).mean(dim=0)

    def _features_of(self, images: Tensor) -> list[Tensor]:
        features = self._trunk(images)
        return [full_precision(each) for each in (*features.maps, features.vector)]


def _mean_square(values: Tensor) -> Tensor:
    """(N, …) -> (N,)."""
    return values.square().flatten(1).mean(dim=1)
