"""Updates that several processes take together, each with its share of the batch."""

from collections.abc import Mapping

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
        every: The `every` of each loss that the player has, by key.
    """

    def __init__(self, update: Update, run: nn.Module, every: Mapping[str, int]) -> None:
        super().__init__()
        self.update = update
        # Borrowed, since their parameters are those of `update`.
        self._run = Borrowed(run)
        self._wrapped: Borrowed[DistributedDataParallel] | None = None
        self._every = dict(every)

    def forward(self, inputs: UpdateInputs) -> Losses:
        if self._wrapped is None:
            unused = self._may_leave_parameters_unused(inputs)
            wrapped = DistributedDataParallel(
                self._run.module, forward_sync_buffers=False, find_unused_parameters=unused
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
        always = tuple(key for key, every in self._every.items() if every == 1)
        if not always and len(self._every) > 1:
            return True
        outcome = run_without_effects(self.update, self.update, inputs._replace(terms=always or inputs.terms))
        return any(gradient is None for gradient in outcome.gradients.values())
