"""The blocks of the paper's networks. Every convolution and transposed convolution is 4x4, with a bias."""

from abc import ABC
from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    DataInfo,
    Declaration,
    Norm,
    Problem,
    SpecView,
    StackedTrunk,
    Trunk,
    TrunkModule,
    init_normal,
    norm_1d,
    norm_2d,
    scaled,
)


class PaperNetwork(Declaration):
    """A network for images of one size, with a factor on its channels."""

    size: ClassVar[int]
    """Side of the images, in pixels."""

    width: float = Field(default=1.0, gt=0, description="Factor on the number of channels.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        size = self.size
        if (data.image.height, data.image.width) != (size, size):
            what = f"this network is for {size}x{size} images, and the data has {data.image}"
            yield Problem(("type",), f"{what}: dcgan, sn-resnet and r3gan take sides from 5 pixels, mlp takes any")

    def channels(self, *paper: int) -> list[int]:
        """The paper's channel numbers times `width`, rounded."""
        return [scaled(channels, self.width) for channels in paper]


class PaperTrunk(PaperNetwork, Trunk, ABC):
    """A trunk of the paper, with the fields that all of them have."""

    slope: float = Field(
        default=0.1, ge=0, description="Negative slope of the leaky ReLU: 0.1 in the paper, 0.01 in its code."
    )
    norm: Norm = Field(
        default="batch", description="Normalisation of all layers but the first; the paper has batch norm."
    )

    def has_feature_maps(self) -> bool:
        return True

    def uses_batch_statistics(self) -> bool:
        return self.norm == "batch"

    def stack(
        self, convolutions: Sequence[nn.Module], map_channels: Sequence[int], last: nn.Module, features: int
    ) -> TrunkModule:
        """The trunk of these layers, with initialised weights."""
        trunk = StackedTrunk(convolutions, map_channels, last, features)
        init_normal(trunk)
        return trunk


def down_block(inputs: int, outputs: int, slope: float, norm: Norm) -> nn.Sequential:
    """A convolution with stride 2, `norm`, leaky ReLU: (N, inputs, H, W) -> (N, outputs, H/2, W/2)."""
    return _activated(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), outputs, nn.LeakyReLU(slope), norm)


def same_block(inputs: int, outputs: int, slope: float, norm: Norm) -> nn.Sequential:
    """A convolution with stride 1, `norm`, leaky ReLU: (N, inputs, H, W) -> (N, outputs, H, W).

    The padding is one pixel before and two after, as in TensorFlow's "SAME".
    """
    convolution = nn.Sequential(nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(inputs, outputs, 4))
    return _activated(convolution, outputs, nn.LeakyReLU(slope), norm)


def fc_block(inputs: int, outputs: int, activation: nn.Module, norm: Norm = "batch") -> nn.Sequential:
    """Fully connected layer, `norm`, `activation`: (N, inputs) -> (N, outputs)."""
    return nn.Sequential(nn.Linear(inputs, outputs), *norm_1d(norm, outputs), activation)


def up_block(inputs: int, outputs: int, norm: Norm = "batch") -> nn.Sequential:
    """A transposed convolution with stride 2, `norm`, ReLU: (N, inputs, H, W) -> (N, outputs, 2 H, 2 W)."""
    return _activated(to_image(inputs, outputs), outputs, nn.ReLU(), norm)


def same_up_block(inputs: int, outputs: int) -> nn.Sequential:
    """A transposed convolution with stride 1, batch norm, ReLU: the transpose of `same_block`'s convolution."""
    convolution = nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, padding=1), nn.ZeroPad2d((0, -1, 0, -1)))
    return _activated(convolution, outputs, nn.ReLU(), "batch")


def to_image(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """A transposed convolution with stride 2 to the image, without norm or activation."""
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)


class UnitImage(nn.Module):
    """Images from [-1, 1] to [0, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return (images + 1) / 2


class SigmoidImage(nn.Module):
    """The paper's sigmoid, scaled from [0, 1] to [-1, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return images.sigmoid() * 2 - 1


def _activated(convolution: nn.Module, channels: int, activation: nn.Module, norm: Norm) -> nn.Sequential:
    return nn.Sequential(convolution, *norm_2d(norm, channels), activation)
