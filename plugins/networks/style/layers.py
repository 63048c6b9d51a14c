"""The layers that StyleGAN2's generator and trunk share."""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import register_parametrization

from gan_run import ImageShape, full_precision, upsampling_plan_of

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)

SMALLEST_SQUARE = 1e-8
"""Added to mean squares before a square root of them is taken."""


def channels_of(image: ImageShape, width: float) -> list[int]:
    """Channels from the smallest map to the image: 64 at 64x64, doubled at half the size, at most 512, times `width`.

    The size of a rectangle is that of the square with as many pixels.
    """
    sides = [math.sqrt(height * rest) for height, rest in upsampling_plan_of(image).sizes()]
    return [max(1, round(min(512, 64 * 64 / side) * width)) for side in sides]


def equalised(layer: Layer, bias: float = 0.0) -> Layer:
    """Give a layer an equalised learning rate (Karras et al. 2017, arXiv 1710.10196, section 4.1), in place.

    Its parameters are N(0, 1), and its weights are these divided by the square root of the fan-in, at every use.

    Args:
        layer: The layer.
        bias: The initial value of its biases.

    Returns:
        The layer.
    """
    nn.init.normal_(layer.weight)
    if layer.bias is not None:
        nn.init.constant_(layer.bias, bias)
    register_parametrization(layer, "weight", Scale(layer.weight[0].numel() ** -0.5))
    return layer


class Scale(nn.Module):
    """Multiplies by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.factor


class Activation(nn.Module):
    """Leaky ReLU with slope 0.2, times the square root of two, which keeps a normal input's mean square about equal."""

    def forward(self, values: Tensor) -> Tensor:
        return F.leaky_relu(values, 0.2) * math.sqrt(2)


def normalised(vectors: Tensor) -> Tensor:
    """Vectors (N, F) divided by their root mean square, in float32 at least."""
    vectors = full_precision(vectors)
    return vectors * (vectors.square().mean(dim=1, keepdim=True) + SMALLEST_SQUARE).rsqrt()


class Blur(nn.Module):
    """The binomial filter [1, 3, 3, 1] / 8 along both axes of each channel (N, C, H, W), then every `stride`-th pixel.

    Args:
        padding: Zeros around the maps: the output of stride 1 has 2 * padding - 3 pixels more on each axis.
        stride: Distance of the pixels that are kept.
    """

    filter: Tensor

    def __init__(self, padding: int, stride: int = 1) -> None:
        super().__init__()
        self._padding, self._stride = padding, stride
        self.register_buffer("filter", binomial_filter(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        kernel = for_each_channel(self.filter, maps)
        return F.conv2d(maps, kernel, stride=self._stride, padding=self._padding, groups=maps.shape[1])


class Upsample(nn.Module):
    """Twice the size: zeros between the pixels, then the filter of `Blur`, times four."""

    filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", binomial_filter() * 4, persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        kernel = for_each_channel(self.filter, maps)
        return F.conv_transpose2d(maps, kernel, stride=2, padding=1, groups=maps.shape[1])


def binomial_filter() -> Tensor:
    """The outer product of [1, 3, 3, 1] / 8 with itself, (4, 4)."""
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return torch.outer(row, row)


def for_each_channel(kernel: Tensor, maps: Tensor) -> Tensor:
    """The same filter (h, w) for each channel of maps (N, C, H, W): (C, 1, h, w)."""
    return kernel.to(maps.dtype).expand(maps.shape[1], 1, *kernel.shape)
