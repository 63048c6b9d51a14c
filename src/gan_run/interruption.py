"""Ctrl-C ends training with a checkpoint, on the command line and in Python."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gan_run.core.base.signals import Signals
from gan_run.core.run.options import RunOptions
from gan_run.core.run.stopping import Stopped

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C; what a scheduler sends; what a terminal sends that is closed."""


@contextmanager
def stop_signals(*numbers: int) -> Iterator[Signals]:
    """Receive signals, by default SIGINT, SIGTERM and SIGHUP. A second one ends the program at once.

    Args:
        numbers: The signals.

    Returns:
        What was received, for `RunOptions`.
    """
    signals = Signals()
    chosen = [number for number in numbers or STOPPING if not _is_hangup_ignored(number)]
    before = {number: signal.signal(number, signals.receive) for number in chosen}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_hangup_ignored(number: int) -> bool:
    """Whether it is SIGHUP of a program that was started by nohup."""
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


@contextmanager
def interruptible(options: RunOptions) -> Iterator[RunOptions]:
    """Let Ctrl-C, or the stop button of a notebook, finish the step and save a checkpoint.

    Nothing changes where the program handles SIGINT itself, and outside the main thread, which alone receives signals.

    Args:
        options: How a run is trained.

    Returns:
        Options with the signals that are received.

    Raises:
        KeyboardInterrupt: After the checkpoint.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield options
        return
    with stop_signals(signal.SIGINT) as signals:
        try:
            yield replace(options, signals=signals)
        except Stopped as stopped:
            if signals.received:
                raise KeyboardInterrupt(f"{stopped}; a checkpoint is saved, and the same call goes on") from None
            raise
    if signals.received:  # after the last step: the run is finished, but not the program that was to be stopped
        raise KeyboardInterrupt
