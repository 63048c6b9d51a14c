"""Odd codes: a mirrored image has the opposite value."""

from torch import Tensor

from gan_run import AugmentationModule, LatentModule

MIRRORED = slice(1, None, 2)
"""The images of a batch that are mirrored: every second one."""


class SomeMirrored(AugmentationModule):
    """Mirrors the images in `MIRRORED`, left to right: (N, C, H, W) to the same shape."""

    def forward(self, images: Tensor) -> Tensor:
        seen = images.clone()
        seen[MIRRORED] = images[MIRRORED].flip(-1)
        return seen


def of_some_mirrored(latent: LatentModule, value: Tensor) -> Tensor:
    """The values of a batch (N, …) after `SomeMirrored`: the opposite ones of what is mirrored."""
    seen = value.clone()
    seen[MIRRORED] = opposite(latent, value[MIRRORED])
    return seen


def opposite(latent: LatentModule, value: Tensor) -> Tensor:
    """Values (…) on the other side of the middle of a continuous latent's traversal; of an angle, the negative one."""
    if latent.period is not None:
        return -value
    ends = latent.traversal_values(2)
    return ends.sum() - value


def has_opposites(latent: LatentModule) -> bool:
    """Whether a latent's values are numbers or angles, and not categories or vectors."""
    return latent.cardinality is None and not latent.value_shape
