"""Devices and the precision that networks compute in."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Literal, Protocol

import torch
from torch import Tensor

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""The types of 16 bits that autocast computes in, by precision."""
Precision = Literal["fp32", "tf32", "bf16", "fp16", "auto"]


class Autocast(Protocol):
    """Opens the context in which networks run."""

    def __call__(self) -> AbstractContextManager[object]: ...


def full_precision(values: Tensor) -> Tensor:
    """Convert bfloat16 and float16 to float32; other types are returned as they are."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def compute_dtype(precision: Precision) -> torch.dtype:
    """The type of matrix products and convolutions under `precision`, which is not `auto` any more."""
    assert precision != "auto", "auto is resolved before anything is built"
    return HALF.get(precision, torch.float32)


def autocast(device: torch.device, precision: Precision) -> Autocast:
    """What opens autocast under `bf16` and `fp16`, and nothing otherwise.

    Weights, losses and optimisers stay in float32 in either case.
    """
    return partial(_autocast, device, HALF.get(precision))


@contextmanager
def _autocast(device: torch.device, dtype: torch.dtype | None) -> Iterator[None]:
    with torch.autocast(device.type, dtype or torch.bfloat16, enabled=dtype is not None):
        yield


def copy_to(values: Tensor, device: torch.device) -> Tensor:
    """`values` on `device`. A copy from the CPU to CUDA is pinned and asynchronous: the host does not wait for it."""
    if values.device.type == "cpu" and device.type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)


def use_current_device() -> Callable[[], None]:
    """What makes another thread use this thread's current CUDA device: a new thread begins with device 0."""
    if not torch.cuda.is_available():
        return lambda: None
    return partial(torch.cuda.set_device, torch.cuda.current_device())


def synchronize(device: torch.device) -> None:
    """Block until all work queued on `device` has finished."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
