"""The exponential moving average of the generator and the latents: what images are drawn with."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from gan_run.core.kinds.network import GeneratorStack

Weights = tuple[Tensor, ...] | list[Tensor]


class EMA:
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
