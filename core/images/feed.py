"""Feeds: which images each batch of training has."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from gan_run.core.base.device import copy_to
from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.base.errors import PluginError
from gan_run.core.base.randomness import generator_of, permutation
from gan_run.core.images.columns import Columns
from gan_run.core.images.image_set import Batch, ImageSet
from gan_run.core.images.info import DataInfo

NO_COLUMNS: Columns = MappingProxyType({})
CPU = torch.device("cpu")
READERS = 4
"""How many threads read batches of a store ahead."""


@dataclass(frozen=True)
class FeedContext:
    """The inputs of `DataSource.feed`."""

    data: DataInfo
    """The dataset's description."""
    images: ImageSet | None
    """The training split, whose batches are on `device`; None where it is a stream."""
    batch_size: int
    """The number of images of a batch, over all processes."""
    seed: int = 0
    """The seed of the run."""
    device: torch.device = CPU
    """Where batches belong."""
    world: World = SINGLE
    """The processes that share each batch."""

    def generator(self, number: int) -> torch.Generator:
        """The random numbers of one batch, which depend on the seed and the batch's number alone.

        Args:
            number: The batch's number.

        Returns:
            A generator on the CPU, the same in every process.
        """
        return generator_of(self.seed, "batch", number)

    def shard(self, whole: Tensor) -> Tensor:
        """This process's rows of a whole batch.

        Args:
            whole: (batch_size, …), the same in every process.

        Returns:
            (batch_size / processes, …).
        """
        return self.world.shard(whole)

    def batch(self, pixels: Tensor, columns: Columns = NO_COLUMNS) -> Batch:
        """This process's rows of a whole batch of stored pixels, in the range of networks.

        Args:
            pixels: Stored pixels (batch_size, C, …) on the CPU, of the type that `data.codec` says.
            columns: What is known of each image, (batch_size, …) by name: those of `data.columns`.

        Returns:
            The batch, on `device`.
        """
        known = {name: copy_to(self.shard(column), self.device) for name, column in columns.items()}
        return Batch(self.data.codec.decode(copy_to(self.shard(pixels), self.device)), known)


class Feed(ABC):
    """The batches of training by number. Every process has a feed of its own, and takes its rows of each batch.

    The numbers that training asks for are 0, 1, 2, …; a resumed run continues at the number of its step. A feed that
    cannot begin there by itself, such as a stream, saves its position: `state`, `load_state`.

    Batches are read ahead by threads while a step computes. So a feed draws from no global random stream, but from
    `FeedContext.generator`.
    """

    readers: int = 1
    """How many threads read ahead. With 1, each batch is read once, in order, as a stream must be. With more, `batch`
    is called from several threads at once, for any number. With 0, it is called for any number in the step itself,
    which is best where images are in memory."""

    @abstractmethod
    def batch(self, number: int) -> Batch:
        """Read a batch.

        Args:
            number: Its number, from 0.

        Returns:
            This process's rows: images (N, C, …) in [-1, 1] and their columns, on the device. They are new tensors.

        Raises:
            DataError: The images cannot be read.

        Example:
            def batch(self, number: int) -> Batch:
                size = self.context.batch_size
                pixels = np.fromfile(self.path, np.uint8, size * 64, offset=self.position).reshape(size, 1, 8, 8)
                self.position += pixels.nbytes
                return self.context.batch(torch.from_numpy(pixels))
        """

    def state(self) -> dict[str, Tensor]:
        """The position after the batches read so far. It is asked for after every batch, so it has to be cheap.

        Returns:
            Tensors by name, which are not changed afterwards: the same in every process. By default there is nothing to
            save, as `batch` gives any number.

        Example:
            def state(self) -> dict[str, Tensor]:
                return {"position": torch.tensor(self.position)}
        """
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Continue at a position. The next batch is the one that would have followed there.

        Args:
            state: What `state` returned.

        Example:
            def load_state(self, state: Mapping[str, Tensor]) -> None:
                self.position = int(state["position"])
        """
        raise PluginError(f"{type(self).__name__} has a state, and no load_state")

    def close(self) -> None:  # noqa: B027  # most feeds have nothing open
        """Close what the feed has open. Called once, when training ends."""


class IndexFeed(Feed):
    """A feed that draws training images by index.

    Args:
        context: The inputs of `DataSource.feed`.

    Raises:
        PluginError: The training split is a stream, of which nothing can be drawn by index.
    """

    def __init__(self, context: FeedContext) -> None:
        if context.images is None:
            raise PluginError(f"{type(self).__name__} draws images by index, and the training split is a stream")
        self.context = context
        self.images = context.images
        self.readers = 0 if self.images.in_memory else READERS

    @abstractmethod
    def indices(self, number: int) -> Tensor:
        """Draw the images of a whole batch.

        Args:
            number: The batch's number, from 0.

        Returns:
            int64 (batch_size,), from 0 to `len(self.images) - 1`, the same at every call and in every process. From
            `self.images.count` on, indices are mirrored copies.

        Example:
            def indices(self, number: int) -> Tensor:
                generator = self.context.generator(number)
                return torch.randint(len(self.images), (self.context.batch_size,), generator=generator)
        """

    def batch(self, number: int) -> Batch:
        rows = self.context.shard(self.indices(number))
        return self.images.batch(copy_to(rows, self.images.index_device))


class ShuffledFeed(IndexFeed):
    """Every image once per epoch, in an order that is a permutation seeded by (seed, epoch). The default feed.

    Args:
        context: The inputs of `DataSource.feed`.
    """

    def __init__(self, context: FeedContext) -> None:
        super().__init__(context)
        self._order = (-1, torch.empty(0, dtype=torch.int64))

    def indices(self, number: int) -> Tensor:
        """A batch may span the border of two epochs."""
        start, length = number * self.context.batch_size, len(self.images)
        wanted = self.context.batch_size
        pieces = []
        while wanted:
            epoch, offset = divmod(start, length)
            piece = self._epoch(epoch)[offset : offset + wanted]
            pieces.append(piece)
            start, wanted = start + len(piece), wanted - len(piece)
        return torch.cat(pieces)

    def _epoch(self, epoch: int) -> Tensor:
        order = self._order  # another thread may replace it
        if order[0] != epoch:
            indices = permutation(len(self.images), self.context.seed, "epoch", epoch)
            # Once an epoch: no batch waits for a copy.
            self._order = order = (epoch, indices.to(self.images.index_device))
        return order[1]


def saves_position(feed: Feed) -> bool:
    """Whether a feed has a state."""
    return type(feed).state is not Feed.state
