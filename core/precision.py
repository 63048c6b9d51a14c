"""Which numbers networks compute in."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from gan_run.core.player import Autocast
    from gan_run.core.spec import Precision


def full_precision(raw: Tensor) -> Tensor:
    """Half types as float32; what is already precise stays as it is."""
    return raw.float() if raw.dtype in (torch.bfloat16, torch.float16) else raw


@contextmanager
def _autocast(device: torch.device, enabled: bool) -> Iterator[None]:
    with torch.autocast(device.type, torch.bfloat16, enabled=enabled):
        yield


def compute_dtype(precision: "Precision") -> torch.dtype:
    """What products are computed in."""
    assert precision != "auto", "auto is resolved before anything is built"
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]


def autocast(device: torch.device, precision: "Precision") -> "Autocast":
    """Opens bf16 autocast, or nothing for fp32. Weights, losses and optimisers stay in float32 either way."""
    return partial(_autocast, device, compute_dtype(precision) is torch.bfloat16)
