"""Which folder a spec is trained in: the choice and the lock are one step, so that no other process comes between."""

import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count, takewhile
from pathlib import Path

from gan_run.core.base.errors import RunError, SpecError
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.options import RunOptions
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.run_lock import FolderBusyError
from gan_run.core.run.same_run import differences


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
                    first = out / spec.name
                    options.notify(f"{first} holds a run of another spec: this one goes to {folder.path}")
                    _hint_at_shorter(spec, options, out, folder)
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
    """Whether the run in a folder has the weights that a spec would give.

    Args:
        folder: A run folder.
        spec: The spec, possibly with `auto`.
        options: With the registry that reads the run's spec.
    """
    try:
        recorded = options.recorded_spec(folder)
    except SpecError:  # of a plugin that is no longer installed, say: it cannot be resumed by this spec
        return False
    return not differences(recorded, spec).decisive


def _hint_at_shorter(spec: Spec, options: RunOptions, out: Path, chosen: RunFolder) -> None:
    """Say how to go on with a run of the same spec with fewer steps, if a folder before the chosen one has it."""
    for folder in takewhile(lambda folder: folder.path != chosen.path, _candidates(spec, out)):
        with suppress(SpecError, RunError):
            recorded = options.recorded_spec(folder)
            longer = spec.train.steps > recorded.train.steps
            if longer and differences(recorded, spec).decisive == ["train.steps"]:
                words = ["gan-run", "train", "--resume", str(folder.path), "--set", f"train.steps={spec.train.steps}"]
                command = shlex.join([*words, *options.plugins().command_line()])
                options.notify(f"{folder.path} differs in train.steps alone: {command} goes on with it")
                return


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
    with RunFolder(path).locked():
        number = next(n for n in count(1) if not path.with_name(f"{path.name}.old-{n}").exists())
        moved = shutil.move(path, path.with_name(f"{path.name}.old-{number}"))
    options.notify(f"moved the old run to {moved}")
