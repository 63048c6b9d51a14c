"""References to modules that another module owns."""

from collections.abc import Callable
from typing import Generic, TypeVar

M = TypeVar("M", bound=Callable[..., object])


class Borrowed(Generic[M]):
    """A module that another module owns.

    torch registers every module that is assigned to a module's attribute. One in a `Borrowed` is not registered: its
    parameters and buffers stay out of the borrower's `parameters()` and `state_dict()`, and the owner moves it to a
    device.

    Example:
        self._latent = Borrowed(context.latents["label"])
        ...
        self._latent.module.log_likelihood(params, value)
    """

    def __init__(self, module: M) -> None:
        self.module = module
