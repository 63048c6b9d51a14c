"""The exponential moving average of the generator and the latents: what images are drawn with."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, update_bn

from gan_run.core.layers import unsynchronised
from gan_run.core.network import GeneratorStack
from gan_run.core.randomness import private_stream

Weights = tuple[Tensor, ...] | list[Tensor]

STATISTICS_BATCHES, STATISTICS_BATCH_SIZE = 20, 250


class Average:
    """Follows a generator at `decay`, faster at first: after t updates at most (1 + t) / (10 + t), so that the initial
    weights are soon forgotten. Buffers are the generator's own: averaging spectral norm's vectors would damage them.
    """

    def __init__(self, stack: GeneratorStack, decay: float) -> None:
        self._decay = decay
        self._share = 0.0
        self._model = AveragedModel(stack, multi_avg_fn=self._blend, use_buffers=False)

    @property
    def stack(self) -> GeneratorStack:
        stack = self._model.module
        assert isinstance(stack, GeneratorStack)
        return stack

    def update(self, stack: GeneratorStack, step: int) -> None:
        """Take in the weights of `stack` as they are after `step` updates before this one."""
        self._share = 1 - min(self._decay, (1 + step) / (10 + step))
        self._model.update_parameters(stack)

    def state(self) -> dict[str, Tensor]:
        return dict(self._model.state_dict())

    def load(self, state: Mapping[str, Tensor]) -> None:
        self._model.load_state_dict(state)

    @torch.no_grad()
    def _blend(self, averaged: Weights, current: Weights, count: Tensor | int) -> None:
        torch._foreach_lerp_(averaged, current, self._share)


def with_standing_statistics(stack: GeneratorStack) -> GeneratorStack:
    """A copy for drawing, whose batch norms hold the statistics of its own activations over 5,000 fresh latents.

    Those that came with averaged weights are of the generator that was averaged, and do not fit: BigGAN's "standing
    statistics" (Brock et al. 2018, arXiv 1809.11096, appendix B).
    """
    settled = copy.deepcopy(stack).requires_grad_(False)
    unsynchronised(settled)
    with private_stream("standing statistics"):
        latents = (settled.latents.sample(STATISTICS_BATCH_SIZE) for _ in range(STATISTICS_BATCHES))
        update_bn(latents, settled)
    return settled.eval()
