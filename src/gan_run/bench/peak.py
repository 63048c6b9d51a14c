"""The peak performance of a device, and the peak memory of this process."""

import resource
import sys
import time

import torch

from gan_run.core.base.device import synchronize

SIZES = {"cpu": 2048}
LARGE = 8192
"""Rows of the matrices, where a device has no size of its own above."""
REPEATS = 10


def matrix_peak(device: torch.device, dtype: torch.dtype, size: int | None = None) -> float:
    """FLOP/s of a product of two large square matrices, or of some with `size` rows: the best of some."""
    size = SIZES.get(device.type, LARGE) if size is None else size
    left, right = (torch.ones(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    for _ in range(REPEATS + 1):
        synchronize(device)
        begin = time.perf_counter()
        left @ right
        synchronize(device)
        seconds.append(time.perf_counter() - begin)
    return 2 * size**3 / min(seconds[1:])


def peak_memory(device: torch.device) -> int:
    """Bytes: the most that this process had of a CPU's memory, or its tensors of an accelerator's."""
    if device.type != "cpu":
        return torch.accelerator.max_memory_allocated(device)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
