"""Updates on trial: what they say, before anything comes of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.randomness import fork_rng
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import UpdateInputs


class UpdateOutcome(NamedTuple):
    """What an update says."""

    objectives: dict[str, Tensor]
    gradients: dict[str, Tensor | None]
    """Of the plain sum of the objectives, by the name of each parameter that is trained; None if it is left out."""


def run_without_effects(update: Update, run: Callable[[UpdateInputs], Losses], inputs: UpdateInputs) -> UpdateOutcome:
    """What `update` says by way of `run`. Buffers, parameters and torch's streams are afterwards as before."""
    trained = {name: value for name, value in update.named_parameters() if value.requires_grad}
    with _restored_buffers(update):
        losses = run(inputs)
        total = losses.weighted(dict.fromkeys(losses.terms, 1.0)).total
        gradients: tuple[Tensor | None, ...] = (None,) * len(trained)
        if total is not None:
            # Fakes that are used again come with a graph, which is needed again.
            gradients = torch.autograd.grad(total, list(trained.values()), retain_graph=True, allow_unused=True)
    return UpdateOutcome(losses.detached().terms, dict(zip(trained, gradients, strict=True)))


@contextmanager
def _restored_buffers(module: nn.Module) -> Iterator[None]:
    before = [(buffer, buffer.clone()) for buffer in module.buffers()]
    with fork_rng():
        yield
    with torch.no_grad():
        for buffer, value in before:
            buffer.copy_(value)
