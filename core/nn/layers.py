"""Layers, normalisation and initialisation that several networks share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import is_parametrized

NORMS = (nn.modules.batchnorm._NormBase,)
"""Layers with running statistics: batch norms of every dimension, instance norms and SyncBatchNorm."""

CONVOLUTIONS = (nn.modules.conv._ConvNd,)
"""Convolutions and transposed convolutions of every dimension."""

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
"""Memory formats of the weights of convolutions in two and three dimensions, by their number of dimensions."""

Norm = Literal["batch", "layer", "none"]
"""A normalisation: of each channel over the batch, of each image over its channels and pixels, or none."""


class BatchNorm1d(nn.BatchNorm1d):
    """Batch normalisation that accepts a batch of one in training, which it normalises by the running statistics."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or len(input) > 1:  # the batch size of an exported program is no number
            return super().forward(input)
        return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


def norm_1d(norm: Norm, features: int) -> list[nn.Module]:
    """The normalisation of vectors (N, features): a list of one layer, empty for `none`."""
    layers: dict[Norm, Callable[[int], nn.Module]] = {"batch": BatchNorm1d, "layer": nn.LayerNorm}
    return [layers[norm](features)] if norm in layers else []


def norm_2d(norm: Norm, channels: int) -> list[nn.Module]:
    """The normalisation of feature maps (N, channels, H, W): a list of one layer, empty for `none`."""
    layers: dict[Norm, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm2d, "layer": partial(nn.GroupNorm, 1)}
    return [layers[norm](channels)] if norm in layers else []


def spectral_norm(module: nn.Module) -> None:
    """Divide every weight matrix within `module` by its largest singular value, in place.

    Linear layers, embeddings and convolutions of every dimension get torch's parametrization (Miyato et al. 2018,
    arXiv 1802.05957), after any that they have. Those that have it already are left alone.
    """
    for layer in list(module.modules()):
        if isinstance(layer, (nn.Linear, nn.Embedding, *CONVOLUTIONS)) and not _has_spectral_norm(layer):
            parametrizations.spectral_norm(layer)


def _has_spectral_norm(layer: nn.Module) -> bool:
    if not is_parametrized(layer, "weight"):
        return False
    parametrization = layer.get_submodule("parametrizations.weight")
    return any(isinstance(part, parametrizations._SpectralNorm) for part in parametrization.children())


class _LocalBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation of vectors and of feature maps alike."""

    def _check_input_dim(self, input: Tensor) -> None:
        pass


def to_local_batch_norm(module: nn.Module) -> None:
    """Turn SyncBatchNorm layers back into local batch norms, in place.

    One process can then run the model alone: SyncBatchNorm would wait for the others for ever.
    """
    for layer in module.modules():
        if isinstance(layer, nn.SyncBatchNorm):
            layer.__class__ = _LocalBatchNorm  # type: ignore[assignment]  # torch converts there, and not back


@contextmanager
def frozen_running_stats(*modules: nn.Module) -> Iterator[None]:
    """Within, batch norms use batch statistics as in training but do not update running statistics."""
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
    """Initialise all layers within `module` as DCGAN does (Radford et al. 2015; the original InfoGAN code likewise).

    Weights of linear layers and convolutions are drawn from N(0, std), gains of batch norms from N(1, std); biases are
    0. Batch norms without gains are left alone.

    Args:
        module: the module, changed in place.
        std: the standard deviation.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, *CONVOLUTIONS)):
            nn.init.normal_(layer.weight, 0.0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, NORMS) and layer.affine:
            nn.init.normal_(layer.weight, 1.0, std)
            nn.init.zeros_(layer.bias)


def scaled(channels: int, width: float) -> int:
    """`channels` times the factor `width`, rounded, at least one."""
    return max(1, round(channels * width))


def to_channels_last(module: nn.Module) -> None:
    """Store the weights of convolutions in channels-last memory format, in place.

    `nn.Module.to` does so too, but fails where there are weights of three-dimensional convolutions.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.dim() in CHANNELS_LAST:
            tensor.data = tensor.data.contiguous(memory_format=CHANNELS_LAST[tensor.dim()])
