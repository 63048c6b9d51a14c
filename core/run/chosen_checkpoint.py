"""A checkpoint of a run by its name: last, best, or a number of steps."""

from gan_run.core.base.errors import RunError
from gan_run.core.kinds.init_from import CheckpointName
from gan_run.core.run.best import read as read_best
from gan_run.core.run.checkpoint import Checkpoint, complete
from gan_run.core.run.run_folder import RunFolder


def chosen_checkpoint(folder: RunFolder, name: CheckpointName) -> Checkpoint:
    """Find a checkpoint of a run.

    Args:
        folder: The run folder.
        name: "last"; "best" by `train.keep_best`; or the number of steps after which it was saved.

    Returns:
        The checkpoint, whose files are not read yet.

    Raises:
        RunError: The run has no such checkpoint.
    """
    found = {saved.step: saved for saved in complete(folder.checkpoints)}
    if not found:
        raise RunError(f"{folder.path} has no checkpoint yet")
    best = read_best(folder.checkpoints) if name == "best" else None
    if name == "best" and best is None:
        raise RunError(f"{folder.path} has no best checkpoint: train.keep_best names the number that decides")
    wanted = best.step if best is not None else max(found) if isinstance(name, str) else name
    if wanted not in found:
        steps = ", ".join(map(str, sorted(found)))
        raise RunError(f"{folder.path} has no checkpoint at step {wanted}: there are {steps}")
    return found[wanted]
