"""The time that a command may train: `train.for`."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

FIRST_SAVE = 1.0
"""Seconds that a checkpoint is taken to need before one was saved."""
MARGIN = 1.5
"""What the next step and checkpoint may take, as a multiple of the longest so far."""
RESERVE = 0.5
"""Seconds for the end of the program."""
AGAIN = 1.0
"""Seconds after which the alarm rings again, should a component have caught it."""


class TimeIsUp(BaseException):
    """The time has passed while something else than a step was computed. It is no Exception, which one might catch."""


class TimeLimit:
    """Knows when there is no time left for another step and a checkpoint.

    Args:
        seconds: How long the command may train; None for no limit.
        begun: When it began, by `time.monotonic`.
    """

    def __init__(self, seconds: float | None, begun: float) -> None:
        self._until = None if seconds is None else begun + seconds
        self._longest_step = 0.0
        self._longest_save = FIRST_SAVE
        self._last = time.monotonic()

    def next_step(self) -> None:
        """Note that a step begins now."""
        self._last = time.monotonic()

    def step_taken(self) -> None:
        """Note that a step and its logging end now."""
        self._longest_step = max(self._longest_step, time.monotonic() - self._last)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """A context in which a checkpoint is saved."""
        begin = time.monotonic()
        yield
        self._longest_save = max(self._longest_save, time.monotonic() - begin)

    def is_near(self) -> bool:
        """Whether the next step and a checkpoint might end after the limit."""
        return self._until is not None and time.monotonic() + MARGIN * self._longest_step > self._last_call()

    def _last_call(self) -> float:
        assert self._until is not None
        return self._until - MARGIN * self._longest_save - RESERVE

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """A context that is broken off when there is just time left for a checkpoint. In a thread it is not, since
        signals reach the main thread alone.

        Raises:
            TimeIsUp: It was broken off.
        """
        if self._until is None or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, _break_off)
        signal.setitimer(signal.ITIMER_REAL, max(self._last_call() - time.monotonic(), 1e-3), AGAIN)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _break_off(number: int, frame: FrameType | None) -> None:
    raise TimeIsUp
