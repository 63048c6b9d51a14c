"""Batch-norm statistics of a generator, measured anew (Brock et al. 2018, arXiv 1809.11096, appendix B)."""

import copy
import math

from torch.optim.swa_utils import update_bn

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.nn.layers import to_local_batch_norm

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
