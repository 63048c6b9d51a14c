"""Layers that several networks of the field share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import is_parametrized

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)

LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Embedding)
"""Layers of one weight matrix, up to its shape."""

Norm = Literal["batch", "layer", "none"]
"""What normalises a layer: each channel over the batch, each image over its channels, or nothing."""


class BatchNorm1d(nn.BatchNorm1d):
    """Batch normalisation that takes a batch of one: it has no statistics of its own, so the running ones serve."""

    def forward(self, input: Tensor) -> Tensor:
        if len(input) > 1 or not self.training:
            return super().forward(input)
        return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


def norm_1d(norm: Norm, features: int) -> list[nn.Module]:
    """What normalises vectors (N, features): one layer, or none."""
    layers: dict[Norm, Callable[[int], nn.Module]] = {"batch": BatchNorm1d, "layer": nn.LayerNorm}
    return [layers[norm](features)] if norm in layers else []


def norm_2d(norm: Norm, channels: int) -> list[nn.Module]:
    """What normalises maps (N, channels, H, W): one layer, or none."""
    layers: dict[Norm, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm2d, "layer": partial(nn.GroupNorm, 1)}
    return [layers[norm](channels)] if norm in layers else []


def spectral_norm(module: nn.Module) -> None:
    """Divide every weight matrix within `module` by its largest singular value (Miyato et al. 2018, arXiv 1802.05957),
    in place, as torch's own parametrization does. Those that are so divided already are left alone."""
    for layer in list(module.modules()):
        if isinstance(layer, LINEAR) and not is_parametrized(layer, "weight"):
            parametrizations.spectral_norm(layer)


class _LocalBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation of vectors and of maps alike."""

    def _check_input_dim(self, input: Tensor) -> None:
        pass


def to_local_batch_norm(module: nn.Module) -> None:
    """Let batch norms within `module` that went by the images of all processes go by those at hand, in place. One
    process looks at its model by itself: it would wait for the others in vain."""
    for layer in module.modules():
        if isinstance(layer, nn.SyncBatchNorm):
            layer.__class__ = _LocalBatchNorm  # type: ignore[assignment]  # torch converts there, and not back


@contextmanager
def frozen_running_stats(*modules: nn.Module) -> Iterator[None]:
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
