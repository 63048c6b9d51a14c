"""Layers that several networks of the field share."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class BatchNorm1d(nn.BatchNorm1d):
    """Batch normalisation that takes a batch of one: it has no statistics of its own, so the running ones serve."""

    def forward(self, input: Tensor) -> Tensor:
        if len(input) > 1 or not self.training:
            return super().forward(input)
        return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


@contextmanager
def statistics_at_rest(*modules: nn.Module) -> Iterator[None]:
    """Batch norms within `modules` go by the batch at hand as in training, and their running statistics stay."""
    layers = [layer for module in modules for layer in module.modules() if isinstance(layer, NORMS)]
    momenta = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.momentum = 0.0
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


@torch.no_grad()
def init_normal(module: nn.Module, std: float = 0.02) -> None:
    """DCGAN's initialisation (Radford et al. 2015), as the original InfoGAN code has it: weights N(0, std), biases 0,
    batch norm's gains N(1, std). Walks all of `module`."""
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, NORMS):
            nn.init.normal_(layer.weight, 1.0, std)
            nn.init.zeros_(layer.bias)


def scaled(channels: int, width: float) -> int:
    """`channels` times the factor `width`, at least one."""
    return max(1, round(channels * width))
