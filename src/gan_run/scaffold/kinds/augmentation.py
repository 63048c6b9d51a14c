"""An augmentation."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape


class Mine(Augmentation):
    """A random change of each image's brightness."""

    type: Literal["mine"] = "mine"
    most: float = Field(default=0.2, gt=0, description="Largest change of a pixel; black is -1, white is 1.")

    def build(self, image: ImageShape) -> AugmentationModule:
        return MineModule(self.most)


class MineModule(AugmentationModule):
    """Maps images (N, C, H, W) to the same shape."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def forward(self, images: Tensor) -> Tensor:
        change = torch.rand(len(images), 1, 1, 1, device=images.device) * 2 - 1
        return images + change * self.most
