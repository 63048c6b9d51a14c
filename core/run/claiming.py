"""Which folder a spec is trained in: the choice and the lock are one step, so that no other process comes between."""

import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from gan_run.core.base.errors import RunError, SpecError
from gan_run.core.kinds.schedule import Schedule
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.options import RunOptions
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.run_lock import FolderBusyError
from gan_run.core.run.same_run import differences

STEPS_ALONE = ["train.steps"]
"""The places in which a spec differs that asks for another number of steps and nothing else."""


@contextmanager
def claimed(spec: Spec, options: RunOptions, out: Path) -> Iterator[RunFolder]:
    """Choose the folder of a run, and hold its lock.

    Args:
        spec: The spec, possibly with `auto`.
        options: `fresh` moves an earlier run of this name aside.
        out: The folder of run folders.

    Returns:
        A context manager with the folder: `out/NAME`; or NAME-2, NAME-3, … where those before hold runs with other
        weights, or are about to.

    Raises:
        RunError: The folder is no run, or another process is training this spec.
    """
    if options.fresh:
        _move_aside(out / spec.name, options)
    for folder in _candidates(spec, out):
        if not _suits(folder, spec, options):
            continue
        with ExitStack() as lock:
            try:
                lock.enter_context(folder.locked(dump(spec)))
            except FolderBusyError as busy:
                if _is_another(busy, folder, spec, options):
                    continue
                raise
            if _suits(folder, spec, options):  # checked again: it may have changed before it was locked
                if folder.path.name != spec.name:
                    first = RunFolder(out / spec.name)
                    options.notify(
                        f"{first.path} holds a run of another spec: this one goes to {folder.path}"
                        f"{_how_to_go_on(first, spec, options)}"
                    )
                yield folder
                return


def find_run(spec: Spec, options: RunOptions, out: Path) -> RunFolder | None:
    """The folder in which a spec was trained so far, if there is one. Raises RunError as `claimed` does."""
    folder = next(folder for folder in _candidates(spec, out) if _suits(folder, spec, options))
    return folder if folder.spec_file.exists() else None


def _candidates(spec: Spec, out: Path) -> Iterator[RunFolder]:
    yield RunFolder(out / spec.name)
    for number in count(2):
        yield RunFolder(out / f"{spec.name}-{number}")


def _suits(folder: RunFolder, spec: Spec, options: RunOptions) -> bool:
    """Whether a folder is free, or has the run of a spec. Raises RunError where it is neither this nor a run."""
    if folder.is_free():
        return True
    if not folder.spec_file.exists():
        raise RunError(f"{folder.path} is in the way: it holds no run. Choose another name, or another folder by --out")
    return is_run_of(folder, spec, options)


def is_run_of(folder: RunFolder, spec: Spec, options: RunOptions) -> bool:
    """Whether the run in a folder has the weights that a spec would give, as far as it has come.

    Args:
        folder: A run folder.
        spec: The spec, possibly with `auto`.
        options: With the registry that reads the run's spec.
    """
    try:
        recorded = options.recorded_spec(folder)
    except SpecError:  # of a plugin that is no longer installed, say: it cannot be resumed by this spec
        return False
    decisive = differences(recorded, spec).decisive
    return not decisive or (decisive == STEPS_ALONE and _is_longer(recorded, spec))


def _is_longer(recorded: Spec, spec: Spec) -> bool:
    """Whether a spec takes the steps of a run and more, each as it would in a run of its own."""
    follows_length = any(True for _ in spec.find_all(Schedule))
    return spec.train.steps > recorded.train.steps and not follows_length


def _how_to_go_on(folder: RunFolder, spec: Spec, options: RunOptions) -> str:
    """The command that goes on with the run in a folder, if it differs from a spec in its number of steps alone."""
    try:
        decisive = differences(options.recorded_spec(folder), spec).decisive
    except (RunError, SpecError):
        return ""
    latest = folder.latest()
    if decisive != STEPS_ALONE or (latest is not None and spec.train.steps < latest.step):
        return ""
    command = resume_command(folder.path, options, f"train.steps={spec.train.steps}")
    return f". They differ in train.steps alone; to go on with that run:\n  {command}"


def resume_command(folder: Path, options: RunOptions, *overrides: str) -> str:
    """The command that resumes a run with other values of some fields.

    Args:
        folder: The run folder.
        options: With its registry filled in.
        overrides: The fields, as for --set.
    """
    changes = [text for override in overrides for text in ("--set", override)]
    return shlex.join(["gan-run", "train", "--resume", str(folder), *options.plugins().command_line(), *changes])


def _is_another(busy: FolderBusyError, folder: RunFolder, spec: Spec, options: RunOptions) -> bool:
    """Whether the process that trains in a folder is known to train other weights than a spec gives."""
    if busy.spec is None:
        return False
    with suppress(SpecError):
        return bool(differences(options.plugins().recorded_spec(busy.spec, folder.path), spec).decisive)
    return True  # of a plugin that is not installed here


def _move_aside(path: Path, options: RunOptions) -> None:
    """Give the folder at a path another name, if there is one. Raises RunError if a process is training in it."""
    if not path.is_dir():
        return
    with RunFolder(path).locked() as folder:
        if folder.is_free():  # another process has moved the run aside meanwhile, and this one has made the folder
            return
        number = next(n for n in count(1) if not path.with_name(f"{path.name}.old-{n}").exists())
        moved = shutil.move(path, path.with_name(f"{path.name}.old-{number}"))
    options.notify(f"moved the old run to {moved}")
