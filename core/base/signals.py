"""Signals that ask a program to stop: at once, or where it is ready to."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A signal asked for an end at once.

    Attributes:
        number: The signal.
        again: Whether it is not the first one: nothing may delay the end any more.
    """

    def __init__(self, number: int, again: bool) -> None:
        super().__init__(f"stopped by signal {number}")
        self.number = number
        self.again = again


class Signals:
    """The signals that a program has received, and whether it ends at once or when it has seen them.

    It ends at once while it reads, decodes, measures or draws: nothing is lost. A step of training and the writing of
    its checkpoint are not broken off. A second signal ends everything at once.

    Attributes:
        received: The numbers of the signals so far.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._deferring = False

    def receive(self, number: int, frame: FrameType | None = None) -> None:
        """The handler of a signal.

        Args:
            number: The signal.
            frame: Where the program is; of no interest.

        Raises:
            Interrupted: It is not deferred, or is not the first one.
        """
        self.received.append(number)
        if not self._deferring or len(self.received) > 1:
            raise Interrupted(number, len(self.received) > 1)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A context in which the first signal is kept in `received`, and nothing else happens."""
        before, self._deferring = self._deferring, True
        try:
            yield
        finally:
            self._deferring = before

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A context within a deferred one, in which a signal ends what is done there; also one received before it.

        Raises:
            Interrupted: There was one.
        """
        before, self._deferring = self._deferring, False
        try:
            if self.received:
                raise Interrupted(self.received[0], len(self.received) > 1)
            yield
        finally:
            self._deferring = before
