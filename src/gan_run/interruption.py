"""Ctrl-C ends training with a checkpoint, on the command line and in Python."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from gan_run.core.run.loop import Stopped
from gan_run.core.run.options import RunOptions


@contextmanager
def stop_signals(*numbers: int) -> Iterator[list[int]]:
    """Collect signals, by default SIGINT and SIGTERM. A second one ends the program at once.

    Args:
        numbers: The signals.

    Returns:
        The numbers of the signals so far: a list that grows.
    """
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    chosen = numbers or (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, receive) for number in chosen}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible(options: RunOptions) -> Iterator[RunOptions]:
    """Let Ctrl-C, or the stop button of a notebook, finish the step and save a checkpoint.

    Nothing changes where the program handles SIGINT itself, and outside the main thread, which alone receives signals.

    Args:
        options: How a run is trained.

    Returns:
        Options whose `stop` also follows the signal.

    Raises:
        KeyboardInterrupt: After the checkpoint.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield options
        return
    with stop_signals(signal.SIGINT) as received:
        try:
            yield replace(options, stop=lambda: bool(received) or options.stop())
        except Stopped as stopped:
            if received:
                raise KeyboardInterrupt(f"{stopped}; a checkpoint is saved, and the same call goes on") from None
            raise
    if received:  # after the last step: the run is finished, but not the program that was to be stopped
        raise KeyboardInterrupt
