"""A feature network."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_run import FeatureExtractor, FeatureIdentity, FeatureNetwork, ImageFeatures, Splits, hash_tensors


class Mine(FeatureNetwork):
    """The pixels of the image, made small: put a pretrained network in their place."""

    type: Literal["mine"] = "mine"
    side: int = Field(default=8, ge=1, description="Height and width to which images are made small.")

    def build(self, data: Splits, device: torch.device) -> FeatureExtractor:
        return MineExtractor(self.side).to(device).eval()


class MineExtractor(FeatureExtractor):
    """Averages of patches."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.AdaptiveAvgPool2d(side), nn.Flatten()).requires_grad_(False)
        weights = hash_tensors(self.network.state_dict())
        self.identity = FeatureIdentity("mine", weights, f"averaged to {side}x{side}", f"torch {torch.__version__}")

    def forward(self, images: Tensor) -> ImageFeatures:
        return ImageFeatures(self.network(images))
