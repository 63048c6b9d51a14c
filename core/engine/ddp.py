"""Updates that several processes take together, each with its share of the batch."""

from collections.abc import Collection

from torch import nn
from torch.nn.parallel import DistributedDataParallel

from gan_run.core.engine.update import Losses, Update
from gan_run.core.engine.update_outcome import run_without_effects
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.core.nn.borrowed import Borrowed


class DistributedUpdate(nn.Module):
    """An update through DistributedDataParallel, which averages its gradients over the processes.

    Each process keeps buffers of its own: running statistics train nothing, and spectral norm's vectors are alike in
    all processes.

    Args:
        update: The update.
        run: How it is run: the update itself, or its compiled form.
        always: The keys of the losses that take part in every update.
    """

    def __init__(self, update: Update, run: nn.Module, always: Collection[str]) -> None:
        super().__init__()
        self.update = update
        # Borrowed, since their parameters are those of `update`.
        self._run = Borrowed(run)
        self._wrapped: Borrowed[DistributedDataParallel] | None = None
        self._always = tuple(always)

    def forward(self, inputs: UpdateInputs) -> Losses:
        if self._wrapped is None:
            unused = self._may_leave_parameters_unused(inputs)
            # The processes begin with equal weights. A broadcast of them would write to those of the generator, whose
            # graph reused fakes still need.
            wrapped = DistributedDataParallel(
                self._run.module, forward_sync_buffers=False, find_unused_parameters=unused, init_sync=False
            )
            self._wrapped = Borrowed(wrapped)
        losses: Losses = self._wrapped.module(inputs)
        return losses

    def _may_leave_parameters_unused(self, inputs: UpdateInputs) -> bool:
        """Whether at some step a parameter of the player gets no gradient, so that torch has to look for such
        parameters at every step.

        The losses that take part in every step decide, since others only add to them. Without one, the losses take
        turns in ways that this step does not show.
        """
        if not self._always:
            return True
        outcome = run_without_effects(self.update, self.update, inputs._replace(terms=self._always))
        return any(gradient is None for gradient in outcome.gradients.values())
