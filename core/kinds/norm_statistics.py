"""Which statistics batch norms use outside of training: standing ones, measured anew, or those of each batch."""

import copy
import math
from collections.abc import Iterable

from torch import nn
from torch.optim.swa_utils import update_bn

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.nn.layers import NORMS, to_local_batch_norm

STATISTICS_LATENTS, STATISTICS_BATCH = 5000, 250
"""Latent values that standing statistics are computed over, and those in one forward pass."""


def with_standing_statistics(stack: GeneratorStack, batch: int = STATISTICS_BATCH) -> GeneratorStack:
    """A copy in evaluation mode whose batch norms have standing statistics: those over 5,000 fresh latent values.

    The running statistics that come with averaged weights are those of the weights before averaging, and do not fit
    (Brock et al. 2018, arXiv 1809.11096, appendix B).

    Args:
        stack: The latents and the generator, usually an EMA.
        batch: Latent values in one forward pass.

    Returns:
        The copy. The random numbers are the same at every call.
    """
    settled = copy.deepcopy(stack).requires_grad_(False)
    to_local_batch_norm(settled)
    with isolated_rng("standing statistics"):
        latents = (settled.latents.sample(batch) for _ in range(math.ceil(STATISTICS_LATENTS / batch)))
        update_bn(latents, settled)
    return settled.eval()


def use_batch_statistics(parts: Iterable[nn.Module]) -> None:
    """Let batch norms use the statistics of each batch in place of the running statistics, which stay as they are.

    Args:
        parts: Networks, which are changed.
    """
    for layer in (module for part in parts for module in part.modules()):
        if isinstance(layer, NORMS):
            # Training mode; with zero momentum the running statistics, which a batch of one falls back on, stay.
            layer.train()
            layer.momentum = 0.0
