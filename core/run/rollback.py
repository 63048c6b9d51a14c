"""Back to an earlier checkpoint, where a loss or a weight is not finite: `train.on_nan`.

The checkpoint is one that an uninterrupted run has too, and its manifest has the number of returns before it: so a run
that is stopped or killed after a return takes the same steps once it is resumed.
"""

from gan_run.core.base.errors import TrainingError
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.checkpoint import complete, forget_after, load_state
from gan_run.core.run.loop import recovery_hint
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.stopping import not_finite


def rollbacks_of(folder: RunFolder) -> int:
    """How often a run has gone back before its last checkpoint."""
    latest = folder.latest()
    return 0 if latest is None else load_state(latest).rollbacks


def go_back(error: TrainingError, spec: Spec, folder: RunFolder, number: int) -> str:
    """Make an earlier checkpoint the last one of a run, and note the return in metrics.jsonl.

    Args:
        error: What was not finite.
        spec: The spec of the run.
        folder: The run folder.
        number: Which return of the run it is, from 1.

    Returns:
        What is to be said of it.

    Raises:
        TrainingError: The spec does not ask for it, the run has gone back as often as it may, or there is no
            checkpoint.
    """
    saved = complete(folder.checkpoints)
    if spec.train.on_nan != "rollback" or not saved:
        raise error
    if number > spec.train.rollbacks:
        hint = f"train.rollbacks allows no more than {spec.train.rollbacks}; {recovery_hint(folder)}"
        raise not_finite(error.step, error.what, hint)
    regular = [each.step for each in saved if each.step % spec.train.checkpoint_every == 0]
    to = regular[-1] if regular else saved[-1].step
    # Lines of the first step that is taken again: a run that is resumed before it writes them anew.
    before = [line for line in folder.logged() if "rollback" in line and line["step"] == to + 1]
    forget_after(folder.checkpoints, to)
    folder.cut_logs(to)
    note = {"number": number, "at": error.step, "to": to, "what": error.what}
    for line in [*before, {"step": to + 1, "rollback": note}]:
        folder.append_metrics(line)
    return (
        f"{error.what} was not finite at step {error.step}: going back to step {to} with other random numbers "
        f"({number} of at most {spec.train.rollbacks})"
    )
