"""The settings of CUDA's libraries, which torch keeps for the whole process: TF32 and cuDNN's choice of algorithms."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

import torch
from torch import backends

from gan_run.core.base.device import Precision

INITIAL_MATMUL = "highest"
INITIAL_CUDNN = True
"""torch's initial values of the two settings, `set_float32_matmul_precision` and `cudnn.allow_tf32`."""


class Backend(Protocol):
    """Where the newer of torch's two interfaces keeps how one library computes in float32."""

    fp32_precision: str


@contextmanager
def cuda_settings(device: torch.device, precision: Precision, cudnn_benchmark: bool) -> Iterator[None]:
    """Within, products and convolutions on `device` are computed as a spec asks; afterwards, as before.

    torch's own defaults compute convolutions in TF32 and matrix products in float32. Here `tf32` means TF32 for both,
    and every other precision means float32 for both, where tensors are float32.

    Args:
        device: Where the computation runs. On a device that is no CUDA device, nothing changes.
        precision: `train.precision`, resolved.
        cudnn_benchmark: `train.cudnn_benchmark`: whether cuDNN times its algorithms at each new shape.
    """
    if device.type != "cuda":
        yield
        return
    before = backends.cudnn.benchmark
    backends.cudnn.benchmark = cudnn_benchmark
    try:
        with _tf32(precision == "tf32"):
            yield
    finally:
        backends.cudnn.benchmark = before


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    """Allow TF32 or not. torch has two interfaces for this, and raises where the older one is read after the newer one
    was set; torch.compile reads both. Setting the older one sets both, so that is what is done here."""
    matmul, cudnn = _older_interface()
    newer = [(each, each.fp32_precision) for each in _newer_interface()]
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    backends.cudnn.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        backends.cudnn.allow_tf32 = cudnn
        for each, value in newer:
            each.fp32_precision = value


def _older_interface() -> tuple[str, bool]:
    """Its values. Where it cannot be read, the user has set the newer one alone, and these are torch's initial ones."""
    try:
        return torch.get_float32_matmul_precision(), backends.cudnn.allow_tf32
    except RuntimeError:
        return INITIAL_MATMUL, INITIAL_CUDNN


def _newer_interface() -> tuple[Backend, ...]:
    """What the older interface sets too, the CPU's matrix products among it."""
    # torch replaces these modules by objects that have more attributes than type checkers see.
    cudnn, mkldnn = cast(Any, backends.cudnn), cast(Any, backends.mkldnn)
    return backends.cuda.matmul, cudnn.conv, cudnn.rnn, mkldnn.matmul
