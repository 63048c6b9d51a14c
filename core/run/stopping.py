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


def not_finite(step: int, what: str, hint: str) -> TrainingError:
    """The error of a loss or a weight that is not finite.

    Args:
        step: The step at which it was seen first.
        what: "the loss NAME" or "the weights NAME".
        hint: What can be done.
    """
    verb = "are" if what.startswith("the weights") else "is"
    return TrainingError(f"step {step}: {what} {verb} not finite; {hint}", step, what)
