"""What a component has to return: what is otherwise is the plugin's bug, and named with its place in the spec."""

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor

from gan_run.core.base.errors import Place, PluginError, show_place
from gan_run.core.kinds.component import Component

Wanted = TypeVar("Wanted")


class ContractError(PluginError):
    """A component breaks its contract.

    Attributes:
        component: The component.
    """

    def __init__(self, component: Component, place: Place, message: str) -> None:
        super().__init__(f"{show_place(place)} ({component.name()}): {message}")
        self.component = component


def checked_type(value: Wanted, wanted: type, component: Component, place: Place, method: str = "build") -> Wanted:
    """What a component returned, if it is of the type that its contract says.

    Args:
        value: What it returned.
        wanted: The type.
        component: The component.
        place: Its place in the spec.
        method: The method that returned it.

    Raises:
        ContractError: It is of another type.
    """
    if not isinstance(value, wanted):
        raise ContractError(component, place, f"{method} returns {described(value)}, not a {wanted.__name__}")
    return value


def check_tensor(
    value: object,
    shapes: Sequence[tuple[int | None, ...]],
    component: Component,
    place: Place,
    what: str,
) -> Tensor:
    """What a module computed, if it is a tensor of a shape that its contract says, without NaN.

    Args:
        value: What it computed.
        shapes: The shapes that it may have; None is any length.
        component: The component that the module was built by.
        place: Its place in the spec.
        what: What was computed, such as "an image".

    Raises:
        ContractError: It is something else.
    """
    wanted = " or ".join(_shown(shape) for shape in shapes)
    if not isinstance(value, Tensor):
        raise ContractError(component, place, f"{what} is {described(value)}, not a tensor {wanted}")
    if not any(_fits(tuple(value.shape), shape) for shape in shapes):
        raise ContractError(component, place, f"{what} is a tensor {_shown(tuple(value.shape))}, not {wanted}")
    if value.is_floating_point() and bool(torch.isnan(value).any()):
        raise ContractError(component, place, f"{what} has NaN at the first batch")
    return value


def described(value: object) -> str:
    """A value in an error message: its type, and its text where that is short."""
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        return f"a tensor {_shown(tuple(value.shape))}"
    return f"a {type(value).__name__}"


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _shown(shape: Sequence[int | None]) -> str:
    lengths = ["any" if length is None else str(length) for length in shape]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
