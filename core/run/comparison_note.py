"""Says at a run's first log line where nothing compares generated images with real ones."""

from collections.abc import Callable

from gan_run.core.engine.comparison import Comparison
from gan_run.core.engine.training import Training
from gan_run.core.kinds.callback import Callback
from gan_run.core.kinds.events import StepLogged
from gan_run.core.kinds.loss import Loss
from gan_run.core.kinds.schedule import Progress


class ComparisonNote(Callback):
    """Looks at the first step that is taken, unless a loss takes no part in it, or it is compiled.

    Args:
        training: Before that step.
        notify: Receives the sentence.
    """

    def __init__(self, training: Training, notify: Callable[[str], None]) -> None:
        self._notify = notify
        now = Progress(training.step, training.spec.train.steps)
        whole = not training.spec.train.compile and all(_takes_part(loss, now) for loss in training.spec.losses)
        self._comparison = Comparison(training.players) if whole else None

    def title(self) -> str:
        return "the check of the losses"

    def step_logged(self, event: StepLogged) -> None:
        """Say it once."""
        comparison, self._comparison = self._comparison, None
        if comparison is not None and (problem := comparison.problem()) is not None:
            self._notify(f"warning: {problem}")


def _takes_part(loss: Loss, now: Progress) -> bool:
    """Whether a loss is computed in a step, or never is."""
    return loss.weight == 0 or (now.step % loss.every == 0 and now.value(loss.weight) != 0)
