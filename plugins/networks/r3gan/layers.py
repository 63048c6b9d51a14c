"""The layers of R3GAN's networks."""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""The gain that keeps the variance through a leaky ReLU of slope SLOPE (He et al. 2015)."""
GROUP = 8
"""The grouped convolution of a block has one group per GROUP channels of the block."""


Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def init_weights(layer: Layer, gain: float) -> Layer:
    """Initialise a layer with weights from N(0, gain^2 / fan-in) and zero biases, and return it."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class ResidualBlock(nn.Module):
    """A 1x1 convolution to `expansion` times the channels, a grouped 3x3 convolution and a 1x1 convolution back, with
    leaky ReLUs between, added to the input: (N, C, H, W) to the same. Fixup initialisation (Zhang et al. 2019, arXiv
    1901.09321) for a network of `depth` blocks makes it the identity at first."""

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
    """A 1x1 convolution if the number of channels changes, then bilinear upsampling: (N, C, H, W) to
    (N, D, 2 H, 2 W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.channels = _to_channels(inputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.channels(maps)
        kernel = _binomial_filter(maps) * 4
        return F.conv_transpose2d(maps, kernel, stride=2, padding=1, output_padding=1, groups=maps.shape[1])


class Downsample(nn.Module):
    """Blur and downsampling, then a 1x1 convolution if the number of channels changes: (N, C, H, W) to
    (N, D, H / 2, W / 2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.channels = _to_channels(inputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        halved = self.channels(F.conv2d(maps, _binomial_filter(maps), stride=2, padding=1, groups=maps.shape[1]))
        assert isinstance(halved, Tensor)
        return halved


def _to_channels(inputs: int, outputs: int) -> nn.Module:
    return nn.Identity() if inputs == outputs else init_weights(nn.Conv2d(inputs, outputs, 1, bias=False), 1.0)


def _binomial_filter(like: Tensor) -> Tensor:
    """The filter [1, 2, 1] on either axis, for each channel of `like`, (C, 1, 3, 3)."""
    row = torch.tensor([1.0, 2.0, 1.0], device=like.device, dtype=like.dtype) / 4
    return torch.outer(row, row).expand(like.shape[1], 1, 3, 3)
