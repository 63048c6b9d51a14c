"""The blocks of R3GAN's generator and trunk."""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""Gain that keeps the variance after a leaky ReLU (He et al. 2015, arXiv 1502.01852)."""
GROUP = 8
"""Channels of a block per group of its convolution."""


Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def init_weights(layer: Layer, gain: float) -> Layer:
    """Initialise `layer` in place: weights N(0, gain^2 / fan-in), biases 0. Returns it."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class ResidualBlock(nn.Module):
    """A residual block, (N, C, H, W) -> (N, C, H, W): 1x1 convolution to `expansion` times the channels, grouped 3x3
    convolution, 1x1 convolution back, with leaky ReLU between.

    Fixup initialisation (Zhang et al. 2019, arXiv 1901.09321) for a network of `depth` blocks: the block starts as the
    identity.
    """

    def __init__(self, channels: int, expansion: int, depth: int) -> None:
        super().__init__()
        wide = channels * expansion
        gain = GAIN * depth ** (-1 / 4)
        self.widen = init_weights(nn.Conv2d(channels, wide, 1), gain)
        self.mix = init_weights(nn.Conv2d(wide, wide, 3, padding=1, groups=channels // GROUP), gain)
        self.narrow = init_weights(nn.Conv2d(wide, channels, 1, bias=False), 0.0)

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.leaky_relu(self.mix(F.leaky_relu(self.widen(maps), SLOPE)), SLOPE)
        summed = maps + self.narrow(inner)
        assert isinstance(summed, Tensor)
        return summed


class Upsample(nn.Module):
    """A 1x1 convolution where the number of channels changes, then bilinear upsampling to twice the size."""

    filter: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.channels = _to_channels(inputs, outputs)
        self.register_buffer("filter", binomial_filter(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.channels(maps)
        kernel = _for_each_channel(self.filter, maps) * 4
        return F.conv_transpose2d(maps, kernel, stride=2, padding=1, output_padding=1, groups=maps.shape[1])


class Downsample(nn.Module):
    """A binomial blur and subsampling to half the size, then a 1x1 convolution where the number of channels changes."""

    filter: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.channels = _to_channels(inputs, outputs)
        self.register_buffer("filter", binomial_filter(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        kernel = _for_each_channel(self.filter, maps)
        halved = self.channels(F.conv2d(maps, kernel, stride=2, padding=1, groups=maps.shape[1]))
        assert isinstance(halved, Tensor)
        return halved


def _to_channels(inputs: int, outputs: int) -> nn.Module:
    return nn.Identity() if inputs == outputs else init_weights(nn.Conv2d(inputs, outputs, 1, bias=False), 1.0)


def binomial_filter() -> Tensor:
    """The outer product of [1, 2, 1] / 4 with itself, (3, 3)."""
    row = torch.tensor([1.0, 2.0, 1.0]) / 4
    return torch.outer(row, row)


def _for_each_channel(kernel: Tensor, maps: Tensor) -> Tensor:
    """The same filter (3, 3) for each channel of maps (N, C, H, W): (C, 1, 3, 3)."""
    return kernel.to(maps.dtype).expand(maps.shape[1], 1, 3, 3)
