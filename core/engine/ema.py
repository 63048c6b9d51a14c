"""The exponential moving average (EMA) of the generator and the latents, which draws the images of a trained model."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor

from gan_run.core.kinds.generator import GeneratorStack

WEIGHTS = "module."
"""Prefix of the averaged weights in a checkpoint, as torch's AveragedModel writes them."""
COUNT = "n_averaged"
"""The number of updates in a checkpoint, likewise."""


class EMA:
    """An exponential moving average of a generator's weights.

    The first update copies. Buffers are copied: averaging spectral norm's vectors would damage them.

    Args:
        stack: The generator with its latents.
    """

    def __init__(self, stack: GeneratorStack) -> None:
        self.stack = copy.deepcopy(stack).requires_grad_(False)
        self.count = 0  # on the host: reading a count from the device would wait for it

    @torch.no_grad()
    def update(self, stack: GeneratorStack, decay: float) -> None:
        """Average in the weights of `stack`: `decay` is the share of the average so far, in [0, 1)."""
        averaged: list[Tensor] = list(self.stack.parameters())
        current: list[Tensor] = list(stack.parameters())
        if self.count == 0:
            torch._foreach_copy_(averaged, current)
        else:
            torch._foreach_lerp_(averaged, current, 1 - decay)
        for own, other in zip(self.stack.buffers(), stack.buffers(), strict=True):
            own.copy_(other)
        self.count += 1

    def state(self) -> dict[str, Tensor]:
        """The tensors of a checkpoint, by name."""
        weights = {f"{WEIGHTS}{name}": tensor for name, tensor in self.stack.state_dict().items()}
        return {**weights, COUNT: torch.tensor(self.count)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `state` returned. Raises RuntimeError if names or shapes differ."""
        weights = {name.removeprefix(WEIGHTS): tensor for name, tensor in state.items() if name != COUNT}
        self.stack.load_state_dict(weights)
        self.count = int(state[COUNT])
