"""How much memory there is, and the errors of code that asks for more."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from gan_run.core.base.errors import DataError, GanRunError

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
CGROUP_FILES = (
    (CGROUP / "memory.max", CGROUP / "memory.current"),
    (CGROUP / "memory" / "memory.limit_in_bytes", CGROUP / "memory" / "memory.usage_in_bytes"),
)
"""The limit and the use of a control group's memory: of version 2, of version 1."""
ALLOCATION = (
    "not enough memory",
    "can't allocate memory",
    "out of memory",
    "integer multiplication overflow",
    "size calculation overflowed",
    "overflow",
    "invalid shape dimension",
    "too large",
    "maximum allowed dimension",
)
"""Parts of the messages with which torch and numpy refuse to make an array of some size."""


def available_memory(device: torch.device) -> int | None:
    """Bytes that a program can have on a device.

    Args:
        device: The device.

    Returns:
        On a CPU what is free now, within the limit of the control group; on CUDA the memory of the device. None where
        it is not known.
    """
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    if device.type != "cpu":
        return None
    known = [free for free in (_free(), *map(_left_in_group, CGROUP_FILES)) if free is not None]
    return min(known, default=None)


def _free() -> int | None:
    """`MemAvailable` of Linux."""
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _left_in_group(files: tuple[Path, Path]) -> int | None:
    try:
        limit, used = (file.read_text(encoding="ascii").strip() for file in files)
        return max(int(limit) - int(used), 0)
    except (OSError, ValueError):  # there is no such group, or its limit is "max"
        return None


def check_fits(size: int, what: str) -> None:
    """Refuse what memory cannot hold, before it is read.

    Args:
        size: In bytes.
        what: What has this size, for the message: "images.npz: 'images'".

    Raises:
        DataError: Less memory is available.
    """
    free = available_memory(torch.device("cpu"))
    if free is not None and size > free:
        raise DataError(f"{what} takes {show_bytes(size)} of memory, and {show_bytes(free)} are available")


def is_allocation_error(error: BaseException) -> bool:
    """Whether an error says that an array is too large, or a program nested too deep.

    Args:
        error: Any error.
    """
    if isinstance(error, (MemoryError, OverflowError, RecursionError)):
        return True
    message = str(error).lower()
    return isinstance(error, (RuntimeError, ValueError, TypeError)) and any(part in message for part in ALLOCATION)


@contextmanager
def enough_memory(what: str) -> Iterator[None]:
    """Within, an error that `is_allocation_error` becomes one of the user's.

    Args:
        what: What is done within, for the message: "building the networks".

    Raises:
        GanRunError: There was not enough memory, or a size had no 64 bits.
    """
    try:
        yield
    except GanRunError:
        raise
    except Exception as error:
        if not is_allocation_error(error):
            raise
        message = "it is nested too deep" if isinstance(error, RecursionError) else "there is not enough memory"
        raise GanRunError(f"{what}: {message}; smaller networks, images or batches need less") from error


UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def show_bytes(count: float) -> str:
    """`1_500_000_000` as `1.5 GB`."""
    power = min(int(math.log(max(count, 1), 1000) + 1e-9), len(UNITS) - 1)
    return f"{count / 1000**power:{'.1f' if power else '.0f'}} {UNITS[power]}"
