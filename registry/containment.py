"""What the import of a stranger's module may do to the program: nothing that outlasts it."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import FrameType

import torch

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class UserInterrupt:
    """Whether the user has pressed Ctrl-C: a plugin can raise KeyboardInterrupt by itself.

    Attributes:
        pressed: Whether it was pressed.
    """

    def __init__(self) -> None:
        self.pressed = False


@contextmanager
def contained() -> Iterator[UserInterrupt]:
    """A context in which a plugin is imported.

    What it prints goes to standard error, since standard output may be read by a program. The working directory, the
    streams, the filters of warnings, the handlers of signals and torch's defaults are afterwards what they were.

    Returns:
        Whether the user has pressed Ctrl-C meanwhile.
    """
    interrupt = UserInterrupt()
    folder, streams = _folder(), (sys.stdout, sys.stderr)
    dtype, gradients = torch.get_default_dtype(), torch.is_grad_enabled()
    with _signals_kept(interrupt), warnings.catch_warnings(), redirect_stdout(sys.stderr):
        try:
            yield interrupt
        finally:
            if folder is not None:
                os.chdir(folder)
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(gradients)
    sys.stdout, sys.stderr = streams


def _folder() -> Path | None:
    """The working directory; None where it was removed."""
    with suppress(OSError):
        return Path.cwd()
    return None


@contextmanager
def _signals_kept(interrupt: UserInterrupt) -> Iterator[None]:
    """Note Ctrl-C, and put back the handlers of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        interrupt.pressed = True
        handler = before[signal.SIGINT]
        if callable(handler):
            handler(number, frame)

    if callable(before[signal.SIGINT]):
        signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # else it was not set from Python
                signal.signal(number, handler)
