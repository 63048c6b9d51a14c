"""Updates on trial: what they say, before anything comes of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.randomness import forked_stream
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import Given


class Trial(NamedTuple):
    """What an update says."""

    objectives: dict[str, Tensor]
    gradients: dict[str, Tensor | None]
    """Of the plain sum of the objectives, by the name of each parameter that is trained; None if it is left out."""


def trial(update: Update, run: Callable[[Given], Losses], given: Given) -> Trial:
    """What `update` says by way of `run`. Buffers, parameters and torch's streams are afterwards as before."""
    trained = {name: value for name, value in update.named_parameters() if value.requires_grad}
    with _left_as_it_was(update):
        losses = run(given)
        total = losses.weighed(dict.fromkeys(losses.terms, 1.0)).total
        gradients: tuple[Tensor | None, ...] = (None,) * len(trained)
        if total is not None:
            # Fakes that are used again come with a graph, which is needed again.
            gradients = torch.autograd.grad(total, list(trained.values()), retain_graph=True, allow_unused=True)
    return Trial(losses.detached().terms, dict(zip(trained, gradients, strict=True)))


@contextmanager
def _left_as_it_was(module: nn.Module) -> Iterator[None]:
    before = [(buffer, buffer.clone()) for buffer in module.buffers()]
    with forked_stream():
        yield
    with torch.no_grad():
        for buffer, value in before:
            buffer.copy_(value)
