"""Updates that several processes make together, each with its share of the batch."""

from collections.abc import Collection

from torch import nn
from torch.nn.parallel import DistributedDataParallel

from gan_run.core.engine.update import Losses, Update
from gan_run.core.engine.update_outcome import trial
from gan_run.core.kinds.update_context import Given


class SharedUpdate(nn.Module):
    """An update through DistributedDataParallel, which averages its gradients over the processes.

    Buffers are each process's own: running statistics train nothing, and spectral norm's vectors come out alike.
    """

    def __init__(self, update: Update, run: nn.Module, always: Collection[str]) -> None:
        """`run` is how the update is run, itself or compiled; the terms in `always` take part in every step."""
        super().__init__()
        self.update = update
        # In tuples, so that they are not registered: their parameters are those of `update`.
        self._run = (run,)
        self._wrapped: tuple[DistributedDataParallel, ...] = ()
        self._always = tuple(always)

    def forward(self, given: Given) -> Losses:
        if not self._wrapped:
            (run,) = self._run
            left_out = self._leaves_parameters_out(given)
            self._wrapped = (DistributedDataParallel(run, forward_sync_buffers=False, find_unused_parameters=left_out),)
        (wrapped,) = self._wrapped
        losses: Losses = wrapped(given)
        return losses

    def _leaves_parameters_out(self, given: Given) -> bool:
        """Whether it ever trains less than all its player's parameters, as a head does that looks at maps alone: torch
        has to look for them then, at every step."""
        said = trial(self.update, self.update, given._replace(terms=self._always or given.terms))
        return any(gradient is None for gradient in said.gradients.values())
