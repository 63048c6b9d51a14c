"""Updates that several processes make together, each with its share of the batch."""

from collections.abc import Collection

from torch import nn
from torch.nn.parallel import DistributedDataParallel

from gan_run.core.engine.update import Losses, Update
from gan_run.core.engine.update_outcome import run_without_effects
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.core.nn.borrowed import Borrowed


class DistributedUpdate(nn.Module):
    """An update through DistributedDataParallel, which averages its gradients over the processes.

    Buffers are each process's own: running statistics train nothing, and spectral norm's vectors come out alike.
    """

    def __init__(self, update: Update, run: nn.Module, always: Collection[str]) -> None:
        """`run` is how the update is run, itself or compiled; the terms in `always` take part in every step."""
        super().__init__()
        self.update = update
        # Borrowed, since their parameters are those of `update`.
        self._run = Borrowed(run)
        self._wrapped: Borrowed[DistributedDataParallel] | None = None
        self._always = tuple(always)

    def forward(self, inputs: UpdateInputs) -> Losses:
        if self._wrapped is None:
            left_out = self._leaves_parameters_out(inputs)
            wrapped = DistributedDataParallel(
                self._run.module, forward_sync_buffers=False, find_unused_parameters=left_out
            )
            self._wrapped = Borrowed(wrapped)
        losses: Losses = self._wrapped.module(inputs)
        return losses

    def _leaves_parameters_out(self, inputs: UpdateInputs) -> bool:
        """Whether it ever trains less than all its player's parameters, as a head does that looks at maps alone: torch
        has to look for them then, at every step."""
        said = run_without_effects(self.update, self.update, inputs._replace(terms=self._always or inputs.terms))
        return any(gradient is None for gradient in said.gradients.values())
