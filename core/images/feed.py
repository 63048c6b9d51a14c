"""The stream of batches that training takes."""

import torch
from torch import Tensor

from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.base.randomness import permutation
from gan_run.core.images.image_set import Batch, ImageSet


class Feed:
    """An endless, shuffled stream of batches that can be entered at any position.

    The order of epoch e is a permutation seeded by (seed, e), so batch k is always the same.

    Args:
        images: the images to train on.
        batch_size: the number of images of a batch, over all processes.
        seed: the seed of the order.
        world: which rows of each batch are this process's.
    """

    def __init__(self, images: ImageSet, batch_size: int, seed: int, world: World = SINGLE) -> None:
        self.images = images
        self._world = world
        self.batch_size = batch_size
        self.seed = seed
        self._order = (-1, torch.empty(0, dtype=torch.int64))

    def batch(self, number: int) -> Batch:
        """This process's rows of batch `number`, counted from 0. A batch may span the border of two epochs."""
        start, length = number * self.batch_size, len(self.images)
        wanted = self.batch_size
        pieces = []
        while wanted:
            epoch, offset = divmod(start, length)
            piece = self._epoch(epoch)[offset : offset + wanted]
            pieces.append(piece)
            start, wanted = start + len(piece), wanted - len(piece)
        return self.images.batch(self._world.shard(torch.cat(pieces)))

    def _epoch(self, epoch: int) -> Tensor:
        if self._order[0] != epoch:
            order = permutation(len(self.images), self.seed, "epoch", epoch)
            self._order = (epoch, order.to(self.images.index_device))  # once an epoch: no batch waits for a copy
        return self._order[1]
