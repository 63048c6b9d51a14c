"""How a run ends before its last step."""

from gan_run.core.base.errors import TrainingError


class Stopped(Exception):
    """Training stopped on request, after saving a checkpoint.

    Attributes:
        step: The number of steps taken; None where several runs were stopped.
    """

    def __init__(self, step: int | None = None) -> None:
        super().__init__("stopped" if step is None else f"stopped after step {step}")
        self.step = step


class TimeUp(Stopped):
    """The time of `train.for` has passed, after a checkpoint was saved."""


class NotFiniteError(TrainingError):
    """A loss or a weight is not finite.

    Attributes:
        step: The step at which it was seen first.
        what: The loss or the weights.
    """

    def __init__(self, step: int, what: str, hint: str) -> None:
        super().__init__(f"step {step}: {what} {'are' if what.startswith('the weights') else 'is'} not finite; {hint}")
        self.step = step
        self.what = what
