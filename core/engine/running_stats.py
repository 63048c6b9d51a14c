"""Running statistics of batch norms, refreshed apart from training."""

from collections.abc import Callable

import torch
from torch import nn

from gan_run.core.nn.layers import NORMS


def has_running_stats(module: nn.Module) -> bool:
    """Whether a batch norm within `module` updates running statistics in training."""
    return any(_updates(layer) for layer in module.modules())


@torch.no_grad()
def refresh_running_stats(module: nn.Module, run: Callable[[], object]) -> None:
    """Update the running statistics of `module` by one batch, and nothing else.

    All other layers are in evaluation mode meanwhile, so that dropout draws nothing and spectral norm iterates not
    once more.

    Args:
        module: A network, in training mode.
        run: Runs it on the batch.
    """
    others = [layer for layer in module.modules() if layer.training and not _updates(layer)]
    try:
        for layer in others:
            layer.training = False
        run()
    finally:
        for layer in others:
            layer.training = True


def _updates(layer: nn.Module) -> bool:
    return isinstance(layer, NORMS) and layer.training and layer.track_running_stats
