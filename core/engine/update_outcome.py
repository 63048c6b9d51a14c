"""The losses and gradients of an update, computed without taking it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.randomness import fork_rng
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import UpdateInputs


class UpdateOutcome(NamedTuple):
    """What an update computes."""

    objectives: dict[str, Tensor]
    """Each term's objective before its weight, a scalar."""
    gradients: dict[str, Tensor | None]
    """The gradient of the unweighted sum of the objectives, by the name of each parameter that requires one; None for
    a parameter that the sum does not depend on."""


def run_without_effects(update: Update, run: Callable[[UpdateInputs], Losses], inputs: UpdateInputs) -> UpdateOutcome:
    """Compute losses and gradients; parameters, buffers and torch's random streams are afterwards as before, also if
    `run` raises.

    Args:
        update: The update that holds the parameters and buffers.
        run: How it is run: the update itself, or a compiled form of it.
        inputs: What enters it.
    """
    trained = {name: value for name, value in update.named_parameters() if value.requires_grad}
    with _restored_buffers(update), fork_rng():
        losses = run(inputs)
        total = losses.weighted(dict.fromkeys(losses.terms, 1.0)).total
        gradients: tuple[Tensor | None, ...] = (None,) * len(trained)
        if total is not None:
            # Reused fakes come with the generator's graph, which is needed once more.
            gradients = torch.autograd.grad(total, list(trained.values()), retain_graph=True, allow_unused=True)
    return UpdateOutcome(losses.detached().terms, dict(zip(trained, gradients, strict=True)))


@contextmanager
def _restored_buffers(module: nn.Module) -> Iterator[None]:
    before = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in before:
                # What did not change may be part of a graph, which a write makes useless. Values are compared, since
                # batch norm writes its statistics without raising the version of the tensor.
                if not torch.equal(buffer, value):
                    buffer.copy_(value)
