"""The layers of SNGAN's networks."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import ImageShape, Problem, check_resolution, upsampling_plan_of

FLAT = 3
"""With at most this many doublings all layers are equally wide, as in the paper's networks for CIFAR-10."""


def check_size(network: str, attention: int | None, image: ImageShape) -> Iterable[Problem]:
    """Check the size of the images and the place of self-attention.

    Args:
        network: The network's type, for the message.
        attention: Height of the feature maps after which self-attention follows, or None.
        image: The shape of the images.

    Returns:
        The problems found: the network cannot make images of this size, or has no feature maps of height `attention`.
    """
    wrong = list(check_resolution(network, image))
    if wrong or attention is None:
        return wrong
    heights = [height for height, _ in upsampling_plan_of(image).sizes()[1:-1]]
    if attention in heights:
        return ()
    choices = ", ".join(map(str, heights)) or "none between base and image"
    return [Problem(("attention",), f"no feature maps have height {attention} (there is: {choices})")]


def convolution(inputs: int, outputs: int, kernel: int = 3, gain: float = math.sqrt(2)) -> nn.Conv2d:
    """A convolution that keeps the size, with Glorot initialisation and the paper's gains."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.xavier_uniform_(layer.weight, gain)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def shortcut(inputs: int, outputs: int) -> nn.Conv2d:
    """The 1x1 convolution of a residual block's shortcut."""
    return convolution(inputs, outputs, kernel=1, gain=1.0)


class SelfAttention(nn.Module):
    """Self-attention (SAGAN, Zhang et al. 2019, arXiv 1805.08318) as in BigGAN: (N, C, H, W) -> (N, C, H, W).

    Its gain starts at zero.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        self.query = nn.Conv2d(channels, narrow, 1, bias=False)
        self.key = nn.Conv2d(channels, narrow, 1, bias=False)
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.out = nn.Conv2d(half, channels, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))
        for layer in (self.query, self.key, self.value, self.out):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, maps: Tensor) -> Tensor:
        query = self.query(maps).flatten(2)  # (N, C / 8, H W)
        key = F.max_pool2d(self.key(maps), 2).flatten(2)  # (N, C / 8, H W / 4)
        value = F.max_pool2d(self.value(maps), 2).flatten(2)  # (N, C / 2, H W / 4)
        attention = (query.transpose(1, 2) @ key).softmax(dim=2)  # (N, H W, H W / 4)
        seen = (value @ attention.transpose(1, 2)).unflatten(2, maps.shape[2:])
        attended = maps + self.gain * self.out(seen)
        assert isinstance(attended, Tensor)
        return attended
