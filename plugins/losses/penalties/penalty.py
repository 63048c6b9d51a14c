"""The base of gradient penalties."""

from abc import ABC
from collections.abc import Iterable

import torch
from torch import Tensor

from gan_run import Loss, Problem, SpecView, Trunk


class Penalty(Loss, ABC):
    """A penalty on the gradient of each logit with respect to its image."""

    def check(self, spec: SpecView) -> Iterable[Problem]:
        trunk = spec.part(Trunk, "discriminator", "trunk")
        if trunk.uses_batch_statistics():
            why = "each logit depends on the whole batch there, so its gradient is not that of its own image alone"
            remedy = "give the trunk another norm"
            yield Problem(("type",), f"not on the trunk {trunk.name()} with batch norm: {why}; {remedy}")


def gradient_norms(gradients: Tensor) -> Tensor:
    """The norm of each image's gradient, (N, C, H, W) -> (N,). Its derivative is zero where the norm is zero."""
    norms = torch.linalg.vector_norm(gradients.flatten(1), dim=1)
    assert isinstance(norms, Tensor)
    return norms
