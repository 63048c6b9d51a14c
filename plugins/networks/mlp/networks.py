"""Fully connected generator and trunk, without batch norm, for images of any shape and batches of any size."""

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from gan_run import Features, Generator, ImageShape, LatentSpace, Trunk, TrunkModule, scaled

Hidden = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=100)]


def _layers(widths: list[int], slope: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.LeakyReLU(slope)]
    return layers


class MLPGenerator(Generator):
    """Linear layers with leaky ReLU, then tanh."""

    type: Literal["mlp"] = "mlp"
    hidden: Hidden = Field(
        default=(256, 512), description="Widths of the hidden layers, from the latents to the image."
    )
    width: float = Field(default=1.0, gt=0, description="Factor on the widths.")
    slope: float = Field(default=0.2, ge=0, description="Negative slope of the leaky ReLU.")

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        widths = [latents.width, *(scaled(hidden, self.width) for hidden in self.hidden)]
        last = nn.Linear(widths[-1], math.prod(image))
        return nn.Sequential(*_layers(widths, self.slope), last, nn.Tanh(), nn.Unflatten(1, tuple(image)))


class MLPTrunk(Trunk):
    """Linear layers with leaky ReLU; the last one gives the features."""

    type: Literal["mlp"] = "mlp"
    hidden: Hidden = Field(
        default=(512, 256), description="Widths of the hidden layers, from the image to the features."
    )
    width: float = Field(default=1.0, gt=0, description="Factor on the widths.")
    slope: float = Field(default=0.2, ge=0, description="Negative slope of the leaky ReLU.")

    def build(self, image: ImageShape) -> TrunkModule:
        widths = [math.prod(image), *(scaled(hidden, self.width) for hidden in self.hidden)]
        return MLPTrunkModule(widths, self.slope)


class MLPTrunkModule(TrunkModule):
    """Images (N, C, H, W) to features (N, F), without feature maps."""

    def __init__(self, widths: list[int], slope: float) -> None:
        super().__init__()
        self.features = widths[-1]
        self.layers = nn.Sequential(nn.Flatten(), *_layers(widths, slope))

    def forward(self, images: Tensor) -> Features:
        return Features(self.layers(images))
