"""What networks compute on, and in which numbers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Literal, Protocol

import torch
from torch import Tensor

Precision = Literal["fp32", "tf32", "bf16", "auto"]


class Autocast(Protocol):
    """Opens the context in which networks run."""

    def __call__(self) -> AbstractContextManager[object]: ...


def full_precision(params: Tensor) -> Tensor:
    """Half types as float32; what is already precise stays as it is."""
    return params.float() if params.dtype in (torch.bfloat16, torch.float16) else params


@contextmanager
def _autocast(device: torch.device, enabled: bool) -> Iterator[None]:
    with torch.autocast(device.type, torch.bfloat16, enabled=enabled):
        yield


def compute_dtype(precision: Precision) -> torch.dtype:
    """What products are computed in."""
    assert precision != "auto", "auto is resolved before anything is built"
    return torch.bfloat16 if precision == "bf16" else torch.float32


def autocast(device: torch.device, precision: Precision) -> Autocast:
    """Opens bf16 autocast, or nothing for fp32 and tf32. Weights, losses and optimisers stay in float32 either way."""
    return partial(_autocast, device, compute_dtype(precision) is torch.bfloat16)


def synchronize(device: torch.device) -> None:
    """Until all that was asked of `device` is done."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
