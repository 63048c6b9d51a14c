"""Reading batches ahead, by threads, while a step computes."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from torch import Tensor

from gan_run.core.base.device import use_current_device
from gan_run.core.base.errors import DataError
from gan_run.core.images.feed import Feed
from gan_run.core.images.image_set import Batch

AHEAD = 4
"""How many batches are read ahead."""


class Read(NamedTuple):
    """A batch, and the feed's state after it."""

    batch: Batch
    state: dict[str, Tensor]


class ReadAhead(Feed):
    """The batches of a feed, read ahead by as many threads as it asks for. The batches are the same without it.

    A step asks for its batches in order, and for one several times if several players take it: it is read once. An
    exception of a thread is raised when its batch is asked for.

    Args:
        feed: The feed.
        per_step: The number of batches of a step: step s has the numbers from s * per_step.
    """

    def __init__(self, feed: Feed, per_step: int) -> None:
        self.feed = feed
        self._per_step = per_step
        self._pool: ThreadPoolExecutor | None = None
        self._reads: dict[int, Future[Read]] = {}
        self._taken = -1
        self._state: dict[str, Tensor] | None = None
        """The state after the batch `_taken`; None before the first."""

    def batch(self, number: int) -> Batch:
        if not self.feed.readers:
            return self.feed.batch(number)
        self._read_up_to(number)
        batch, state = self._reads[number].result()
        if number > self._taken:
            self._taken, self._state = number, state
        # An update may ask for gradients of its images: those of another update are another tensor.
        return Batch(batch.images.detach(), dict(batch.columns))

    def state(self) -> dict[str, Tensor]:
        """The state after the batches that were asked for, not those that were read."""
        return self.feed.state() if self._state is None else self._state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self._stop()
        self.feed.load_state(state)

    def close(self) -> None:
        """End the threads, then close the feed."""
        self._stop()
        self.feed.close()

    def _read_up_to(self, number: int) -> None:
        """Start what is to be read, and forget what no step will ask for: batches of steps before."""
        first = number - number % self._per_step
        # Also what was read ahead of the step's last batch: a player may go back to the first one.
        kept = range(first, first + self._per_step + AHEAD)
        for other in [other for other in self._reads if other not in kept]:
            self._reads.pop(other).cancel()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.feed.readers, "read-ahead", use_current_device())
        for ahead in range(number, number + 1 + AHEAD):
            if ahead not in self._reads:
                self._reads[ahead] = self._pool.submit(self._read, ahead)

    def _read(self, number: int) -> Read:
        try:
            return Read(self.feed.batch(number), self.feed.state())
        except StopIteration:  # which would end a generator that awaits the batch, without a word
            raise DataError(f"the stream of training images ended before batch {number}") from None

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = None
        self._reads.clear()
        self._taken, self._state = -1, None
