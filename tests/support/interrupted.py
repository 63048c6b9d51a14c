"""A program that trains and is interrupted, to be run in a process of its own."""

import os
import signal
import sys
from typing import Any

from gan_run import Callback, RunOptions, StepLogged, train
from gan_run.registry.plugins import load_plugins


class Interrupting(Callback):
    """Sends this process what Ctrl-C sends."""

    def __init__(self, step: int) -> None:
        self._step = step

    def step_logged(self, event: StepLogged) -> None:
        if event.step == self._step:
            os.kill(os.getpid(), signal.SIGINT)


def interrupted(toys: str, spec: dict[str, Any], out: str) -> None:
    """A program that is interrupted after step 3: it ends as Python ends on Ctrl-C."""
    sys.path.insert(0, toys)
    train(spec, out, options=RunOptions(callbacks=[Interrupting(3)], registry=load_plugins()))
