"""The stream of batches that training takes."""

import torch
from torch import Tensor

from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.base.randomness import permutation
from gan_run.core.images.image_set import Batch, ImageSet


class Feed:
    """An endless, shuffled stream of batches that can be entered at any position.

    Epoch e is the permutation seeded by (seed, e), so batch k is the same whoever asks and whenever.
    """

    def __init__(self, images: ImageSet, batch_size: int, seed: int, processes: World = SINGLE) -> None:
        self.images = images
        self._processes = processes
        self.batch_size = batch_size
        self.seed = seed
        self._order = (-1, torch.empty(0, dtype=torch.int64))

    def batch(self, number: int) -> Batch:
        """This process's share of batch `number` of the stream, counted from 0. A batch may span the border of two
        epochs."""
        start, length = number * self.batch_size, len(self.images)
        wanted = self.batch_size
        pieces = []
        while wanted:
            epoch, offset = divmod(start, length)
            piece = self._epoch(epoch)[offset : offset + wanted]
            pieces.append(piece)
            start, wanted = start + len(piece), wanted - len(piece)
        return self.images.batch(self._processes.shard(torch.cat(pieces)))

    def _epoch(self, epoch: int) -> Tensor:
        if self._order[0] != epoch:
            self._order = (epoch, permutation(len(self.images), self.seed, "epoch", epoch))
        return self._order[1]
