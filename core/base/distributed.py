"""Several processes that train one run together.

All processes draw the data order and the latents of the whole batch from the same random stream, and each takes its own
rows, so that the number of processes does not change the mathematics. Draws inside an update (augmentations, points
between images) differ from rank to rank.
"""

import gc
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from gan_run.core.base.randomness import derived_rng

TIMEOUT = timedelta(days=1)
"""How long a collective waits. Evaluation on the main process may take long; torchrun notices a process that died."""

LAUNCHER_VARIABLES = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets beside WORLD_SIZE."""


@dataclass(frozen=True)
class World:
    """The rank of this process and the number of processes.

    Rank 0 is the main process: it alone writes files and prints.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def shard(self, whole: Tensor) -> Tensor:
        """This process's rows of a tensor that all processes have: (N, …) -> (N / count, …)."""
        rows = len(whole) // self.count
        return whole[self.rank * rows : (self.rank + 1) * rows]

    @contextmanager
    def per_rank_rng(self, purpose: str) -> Iterator[None]:
        """Draw from a stream of this rank's own, derived from the common one, which is restored afterwards."""
        if self.count == 1:
            yield
            return
        with derived_rng("own", purpose, self.rank):
            yield

    def mean(self, values: Sequence[Tensor]) -> list[Tensor]:
        """The mean of each scalar over the processes."""
        if self.count == 1 or not values:
            return list(values)
        summed = torch.stack([value.float() for value in values])
        distributed.all_reduce(summed)
        return list(summed / self.count)

    def gather(self, mine: Tensor) -> Tensor:
        """The rows of all processes: (N, …) -> (N * count, …)."""
        if self.count == 1:
            return mine
        rows = [torch.empty_like(mine) for _ in range(self.count)]
        distributed.all_gather(rows, mine.contiguous())
        return torch.cat(rows)

    def any(self, *mine: bool) -> tuple[bool, ...]:
        """Whether each of `mine` is true on any process."""
        if self.count == 1:
            return mine
        flags = torch.tensor(mine, dtype=torch.uint8, device=collective_device(distributed.get_backend_config()))
        distributed.all_reduce(flags, distributed.ReduceOp.MAX)
        return tuple(map(bool, flags.tolist()))

    def broadcast(self, message: object = None) -> object:
        """The main process's message, in JSON's types. Blocks until the main process sends it."""
        if self.count == 1:
            return message
        texts = [json.dumps(message)]
        distributed.broadcast_object_list(texts)
        return json.loads(texts[0])


SINGLE = World()


def current_world() -> World:
    """The world of torch.distributed's default group; `SINGLE` where there is no group."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return SINGLE
    return World(distributed.get_rank(), distributed.get_world_size())


def collective_device(backends: str) -> str:
    """The device of a flag that all processes reduce: the CPU, unless the group has no backend for it.

    Args:
        backends: what `torch.distributed.get_backend_config` returns, such as `cpu:gloo,cuda:nccl` or `cuda:nccl`.

    Returns:
        A device type. A flag on the CPU costs no synchronisation with an accelerator.
    """
    devices = [each.partition(":")[0] for each in backends.split(",")]
    return "cpu" if "cpu" in devices else devices[0]


@contextmanager
def torchrun() -> Iterator[World]:
    """Join the process group of torchrun, where torchrun started this process.

    Clusters set WORLD_SIZE for programs that were not started by torchrun: with a warning, those train alone.
    """
    if not _started_by_torchrun():
        yield SINGLE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("cpu:gloo,cuda:nccl", timeout=TIMEOUT)
    else:
        distributed.init_process_group("gloo", timeout=TIMEOUT)
    try:
        yield current_world()
        # Training objects refer to the group in cycles; a group that outlives the interpreter aborts the process.
        gc.collect()
        distributed.barrier()
    finally:
        distributed.destroy_process_group()


def _started_by_torchrun() -> bool:
    size = os.environ.get("WORLD_SIZE", "1")
    if size == "1":
        return False
    missing = [name for name in LAUNCHER_VARIABLES if name not in os.environ]
    if missing:
        warnings.warn(
            f"WORLD_SIZE is {size}, but {', '.join(missing)} is not set: this process trains alone. "
            "torchrun starts several processes that train together",
            RuntimeWarning,
            stacklevel=2,
        )
    return not missing
