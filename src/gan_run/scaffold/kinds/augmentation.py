"""A random change of images."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape


class Mine(Augmentation):
    """Each image brighter or darker."""

    type: Literal["mine"] = "mine"
    most: float = Field(default=0.2, gt=0, description="How much at most, where white is 1 and black is -1.")

    def build(self, image: ImageShape) -> AugmentationModule:
        return MineModule(self.most)


class MineModule(AugmentationModule):
    """(N, C, H, W) to the same."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def forward(self, images: Tensor) -> Tensor:
        change = torch.rand(len(images), 1, 1, 1, device=images.device) * 2 - 1
        return images + change * self.most
