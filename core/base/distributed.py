"""Several processes that train as one: each has its share of every batch.

Data and latents are drawn for the whole batch by all of them alike, from the common stream, and each takes its rows, so
that their number does not change the mathematics. What is drawn within an update (augmentations, points between images)
each draws for itself.
"""

import gc
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from gan_run.core.base.randomness import derived_rng

TIMEOUT = timedelta(days=1)
"""How long one waits for the others: the first may have much to evaluate. Who dies is noticed by torchrun."""


@dataclass(frozen=True)
class World:
    """Which of how many this one is. The first, 0, leads: it alone writes and speaks."""

    rank: int = 0
    count: int = 1

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def shard(self, whole: Tensor) -> Tensor:
        """This process's rows of what all of them have, (N, …) -> (N / count, …)."""
        rows = len(whole) // self.count
        return whole[self.rank * rows : (self.rank + 1) * rows]

    @contextmanager
    def per_rank_rng(self, purpose: str) -> Iterator[None]:
        """Draw apart from the others, from a stream that follows from the common one, which stays where it was."""
        if self.count == 1:
            yield
            return
        with derived_rng("own", purpose, self.rank):
            yield

    def mean(self, values: Sequence[Tensor]) -> list[Tensor]:
        """Of every scalar, over the processes."""
        if self.count == 1 or not values:
            return list(values)
        summed = torch.stack([value.float() for value in values])
        distributed.all_reduce(summed)
        return list(summed / self.count)

    def gather(self, mine: Tensor) -> Tensor:
        """All processes' rows, (N, …) -> (N count, …)."""
        if self.count == 1:
            return mine
        rows = [torch.empty_like(mine) for _ in range(self.count)]
        distributed.all_gather(rows, mine.contiguous())
        return torch.cat(rows)

    def any(self, mine: bool) -> bool:
        """Whether any process says so."""
        if self.count == 1:
            return mine
        flag = torch.tensor(int(mine))
        distributed.all_reduce(flag, distributed.ReduceOp.MAX)
        return bool(flag)

    def broadcast(self, message: object = None) -> object:
        """What the first says, in JSON's terms; the others wait for it."""
        if self.count == 1:
            return message
        said = [json.dumps(message)]
        distributed.broadcast_object_list(said)
        return json.loads(said[0])


SINGLE = World()


def current_world() -> World:
    """Those of torch.distributed's group, if this process is in one."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return SINGLE
    return World(distributed.get_rank(), distributed.get_world_size())


@contextmanager
def torchrun() -> Iterator[World]:
    """Be one of the processes that torchrun started, if it started this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield SINGLE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("cpu:gloo,cuda:nccl", timeout=TIMEOUT)
    else:
        distributed.init_process_group("gloo", timeout=TIMEOUT)
    try:
        yield current_world()
        # What was trained holds on to the group in cycles; a group that outlives the interpreter aborts the process.
        gc.collect()
        distributed.barrier()
    finally:
        distributed.destroy_process_group()
