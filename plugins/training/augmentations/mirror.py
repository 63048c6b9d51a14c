"""Random mirroring."""

from typing import Literal

import torch
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape


class Mirror(Augmentation):
    """Mirrors each image, left to right, with probability 1/2.

    A code that is read through it cannot encode what tells left from right, such as the azimuth of a head.
    """

    type: Literal["mirror"] = "mirror"

    def build(self, image: ImageShape) -> "MirrorModule":
        return MirrorModule()


class MirrorModule(AugmentationModule):
    """Images (N, C, H, W) to (N, C, H, W)."""

    def forward(self, images: Tensor) -> Tensor:
        mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
        return torch.where(mirrored, images.flip(-1), images)
