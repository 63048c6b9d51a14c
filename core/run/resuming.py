"""Whether the run in a folder may go on as it is asked to, and what is not as it was."""

from gan_run.core.base.distributed import World
from gan_run.core.base.errors import RunError
from gan_run.core.kinds.schedule import Schedule
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.options import RunOptions
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.same_run import decisive_components, differences


def is_finished(folder: RunFolder, spec: Spec, recorded: Spec) -> bool:
    """Whether the last step was taken, or a callback ended the run, and it was evaluated as this spec asks for."""
    if (spec.metrics, spec.artifacts) != (recorded.metrics, recorded.artifacts) or folder.failed():
        return False
    same_end = (spec.train.steps, spec.callbacks) == (recorded.train.steps, recorded.callbacks)
    return folder.evaluated_at() == spec.train.steps or (folder.ended_early() and same_end)


def check_last_checkpoint(folder: RunFolder) -> None:
    """Refuse a finished run whose last checkpoint is gone. Raises RunError."""
    step, latest = folder.evaluated_at(), folder.latest()
    if step is not None and (latest is None or latest.step < step):
        raise RunError(
            f"{folder.path} was finished after step {step}, and its checkpoint of that step is missing: put it back, "
            "or start the run again by --fresh"
        )


def check_process_count(folder: RunFolder, world: World) -> None:
    """Refuse another number of processes than trained the run so far. Raises RunError."""
    before = folder.processes()
    if before not in (None, world.count):
        raise RunError(
            f"{folder.path}: {before} processes trained this run so far, and now it would be {world.count}, which "
            "changes its numbers from here on; --any-processes resumes it nevertheless"
        )


def check_plugin_files(spec: Spec, options: RunOptions, folder: RunFolder) -> None:
    """Refuse a changed plugin file that decided a checkpoint's weights; say which others changed or are missing."""
    plugins = options.plugins()
    decisive = plugins.files_of(decisive_components(spec)) if folder.latest() else ()
    for file in folder.changed_plugins(plugins.files):
        changed = f"{file} is not what it was when this run began"
        if file in decisive:
            raise RunError(f"{changed}: give {folder.plugins / file.name}, or --fresh starts anew")
        options.notify(f"{changed}; the run continues with it, since it has decided no weights")
    given = {file.name for file in plugins.files}
    for kept in folder.plugin_files():
        if kept.name not in given:
            options.notify(f"this run was trained with --plugin {kept} so far, and continues without it")


def notify_differences(spec: Spec, options: RunOptions, folder: RunFolder, recorded: Spec) -> None:
    """Say what is not as it was when the run was last trained."""
    notify = options.notify
    if free := differences(recorded, spec).free:
        notify(f"{folder.path}: not as when it was last trained, without effect on the weights: {', '.join(free)}")
    if spec.train.steps != recorded.train.steps and any(True for _ in spec.find_all(Schedule)):
        notify(
            f"train.steps is {spec.train.steps} and was {recorded.train.steps}: schedules that run to the last step "
            "follow the new number from here on"
        )
