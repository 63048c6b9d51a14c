"""The Python API: read a spec, train it, resume a run."""

import shlex
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gan_run.core.base.errors import DataError, Problem, RunError, SpecError
from gan_run.core.kinds.component import Catalogue
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.checkpoint import refuse_published
from gan_run.core.run.claiming import resume_command
from gan_run.core.run.experiment import TrainRequest, resume_run, run
from gan_run.core.run.options import DEFAULT_OPTIONS, Plugins, RunOptions
from gan_run.core.run.records import data_paths
from gan_run.core.run.resolve import unavailable
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.same_run import MAY_CHANGE, differences
from gan_run.interruption import interruptible
from gan_run.loading import Components, installed, spec_of
from gan_run.registry.missing import LenientCatalogue
from gan_run.registry.spec_files import read_file
from gan_run.registry.spec_loading import read_recorded_spec
from gan_run.registry.spec_loading import read_spec as read_content
from gan_run.report.callback import WriteReport

SpecLike = Spec | Mapping[str, object] | Path | str
"""A spec, the fields of one, or the file that it is in: JSON, which may have comments, YAML or TOML."""


def read_spec(
    spec: SpecLike,
    overrides: Collection[str] = (),
    registry: Plugins | None = None,
    *,
    components: Components = (),
) -> Spec:
    """Read and validate a spec.

    Args:
        spec: A file, a mapping (its paths are relative to the current folder) or a spec.
        overrides: Fields to change, written as on the command line: `"train.steps=100"`.
        registry: The installed plugins; None loads all that are installed.
        components: Component classes that no plugin provides.

    Returns:
        The spec, with every default filled in.

    Raises:
        SpecError: Lists mistakes with their places. Those in how components are combined show once every field by
            itself is valid.
    """
    return _read_spec(spec, overrides, installed(registry, components).catalogue)


def train(
    spec: SpecLike, out: Path | str = "runs", *, overrides: Collection[str] = (), options: RunOptions = DEFAULT_OPTIONS
) -> Path:
    """Train a spec, or resume the unfinished run of it.

    In a process group of torch.distributed every process has to make the same call; they train one run together.

    Args:
        spec: A file, a mapping or a spec, as for `read_spec`.
        out: The folder that holds run folders. The run is `out/NAME`, or `out/NAME-2`, … where those before hold runs
            whose weights another spec decides.
        overrides: Fields to change, written as on the command line: `"train.steps=100"`.
        options: Callbacks, messages, stopping, plugins.

    Returns:
        The run folder.

    Raises:
        SpecError: A mistake in the spec, by itself or for its data.
        DataError: The data is absent or damaged.
        RunError: The run folder is in use, or a checkpoint in it is damaged.
        TrainingError: A loss or a weight is not finite.
        Stopped: `options.stop` returned True, or the time of `train.for` has passed (`TimeUp`); a checkpoint is saved.
        KeyboardInterrupt: Ctrl-C, or the stop button of a notebook; a checkpoint is saved, and the same call resumes.
    """
    options = _resolved(options)
    read = _read_spec(spec, overrides, options.plugins().catalogue)
    file = Path(spec) if isinstance(spec, (str, Path)) else None
    with _attended(options) as (options, report):
        folder = run(TrainRequest(read, options, file), Path(out)).path
        report.write_if_missing(folder)
        return folder


def resume(folder: Path | str, *, overrides: Collection[str] = (), options: RunOptions = DEFAULT_OPTIONS) -> Path:
    """Resume the run in a folder.

    Args:
        folder: The run folder.
        overrides: Fields to change. `train.steps` may not be less than the steps that were taken; with that number the
            run is evaluated and finished. The other fields that may change are those that do not decide the weights:
            train.log_every, checkpoint_every, keep, keep_best, device, for, on_nan and rollbacks; description, metrics,
            artifacts and callbacks; and the paths in data.
        options: As for `train`; `fresh` has no effect.

    Returns:
        The run folder.

    Raises:
        RunError: The folder is no run, a published model without training state, or an override would change its
            weights.
        SpecError, DataError, TrainingError, Stopped, KeyboardInterrupt: As `train` does.
    """
    options = _resolved(options)
    plugins, target = options.plugins(), RunFolder(Path(folder))
    latest = target.latest()
    if latest is not None:
        refuse_published(latest)
    before = spec_of(target, LenientCatalogue(plugins.catalogue))
    spec = spec_of(target, plugins.catalogue, overrides)
    if decisive := [place for place in differences(before, spec).decisive if place != "train.steps"]:
        raise RunError(
            f"{folder}: {', '.join(decisive)} cannot change when a run is resumed. What may change: train.steps and "
            f"{MAY_CHANGE}. A new run begins with its weights and the states of its optimizers by\n"
            f"  {_from_command(target, plugins, overrides)}"
        )
    if latest is not None and spec.train.steps < latest.step:
        raise RunError(f"{folder}: {latest.step} steps are done: train.steps cannot be {spec.train.steps}")
    _check_device(spec, before, target, options, overrides)
    with _attended(options) as (options, report):
        try:
            resume_run(TrainRequest(spec, options), target)
        except DataError as error:
            if moved := _moved_data(spec, str(error)):
                command = resume_command(target.path, options, *overrides, f"{moved}=PLACE")
                raise type(error)(f"{error}. Where it is at another place now:\n  {command}") from None
            raise
        report.write_if_missing(target.path)
        return target.path


def _from_command(folder: RunFolder, plugins: Plugins, overrides: Collection[str]) -> str:
    """The command that begins a new run where another one is, with other values of some fields."""
    changes = [text for override in overrides for text in ("--set", override)]
    spec = [str(folder.path), str(folder.spec_file)]
    return shlex.join(["gan-run", "train", "--from", *spec, *plugins.command_line(), *changes])


def _check_device(spec: Spec, before: Spec, folder: RunFolder, options: RunOptions, overrides: Collection[str]) -> None:
    """Refuse a run whose own device is not here. Raises SpecError."""
    device = spec.train.device
    if device == before.train.device and device != "auto" and (reason := unavailable(device)) is not None:
        problem = Problem(("train", "device"), f"{device!r} cannot be used here: {reason}")
        command = resume_command(folder.path, options, *overrides, "train.device=auto")
        raise SpecError([problem], str(folder.path), f"To go on with a device that is available:\n  {command}")


def _moved_data(spec: Spec, error: str) -> str | None:
    """The field of the path in a data source that is not there, of those that an error names; else None."""
    paths = data_paths(spec).items()
    return next((field for field, path in paths if not path.exists() and str(path) in error), None)


@contextmanager
def _attended(options: RunOptions) -> Iterator[tuple[RunOptions, WriteReport]]:
    """Options that save a checkpoint on Ctrl-C, show the progress, and write the run's report at its end; and what
    writes it."""
    from gan_run.display.progress import shown

    begun = time.monotonic() if options.begun is None else options.begun
    with interruptible(replace(options, begun=begun)) as options, shown(options) as options:
        report = WriteReport(options.plugins())
        yield replace(options, callbacks=(*options.callbacks, report)), report


def _resolved(options: RunOptions) -> RunOptions:
    """With a registry that holds the options' components too."""
    return replace(options, registry=installed(options.registry, options.components), components=())


def _read_spec(spec: SpecLike, overrides: Collection[str], catalogue: Catalogue) -> Spec:
    if isinstance(spec, Spec):
        return read_recorded_spec(dump(spec), catalogue, Path.cwd(), spec.name, overrides) if overrides else spec
    if isinstance(spec, Mapping):
        return read_content(spec, catalogue, Path.cwd(), "spec", overrides)
    path = Path(spec)
    return read_content(read_file(path), catalogue, path.parent, str(path), overrides)
