"""The Python API: read a spec, train it, resume a run, load its model."""

import shlex
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

import torch

from gan_run.core.base.errors import DataError, Problem, RunError, SpecError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.ema import EMA
from gan_run.core.engine.game import build_game
from gan_run.core.engine.state import load_model_tensors
from gan_run.core.kinds.component import Catalogue, Component
from gan_run.core.kinds.init_from import CheckpointName
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.category_names import older_names
from gan_run.core.run.checkpoint import Checkpoint, load_model, refuse_published, weights_hash
from gan_run.core.run.chosen_checkpoint import chosen_checkpoint
from gan_run.core.run.claiming import resume_command
from gan_run.core.run.experiment import TrainRequest, resume_run, run
from gan_run.core.run.options import DEFAULT_OPTIONS, Plugins, RunOptions
from gan_run.core.run.records import data_paths
from gan_run.core.run.resolve import resolve_device, unavailable
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.same_run import MAY_CHANGE, decisive_components, differences
from gan_run.interruption import interruptible
from gan_run.registry.missing import LenientCatalogue, missing_parts
from gan_run.registry.plugins import load_plugins
from gan_run.registry.spec_files import read_file
from gan_run.registry.spec_loading import read_recorded_spec
from gan_run.registry.spec_loading import read_spec as read_content
from gan_run.report.callback import WriteReport, write_missing_report

Components = Collection[type[Component]]
"""Component classes that no plugin provides."""

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
    return _read_spec(spec, overrides, _plugins(registry, components).catalogue)


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
    with _attended(options) as options:
        return _reported(run(TrainRequest(read, options, file), Path(out)), options)


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
    before = _spec_of(target, LenientCatalogue(plugins.catalogue))
    spec = _spec_of(target, plugins.catalogue, overrides)
    if decisive := [place for place in differences(before, spec).decisive if place != "train.steps"]:
        raise RunError(
            f"{folder}: {', '.join(decisive)} cannot change when a run is resumed. What may change: train.steps and "
            f"{MAY_CHANGE}. A new run begins with its weights and the states of its optimizers by\n"
            f"  {_from_command(target, plugins, overrides)}"
        )
    if latest is not None and spec.train.steps < latest.step:
        raise RunError(f"{folder}: {latest.step} steps are done: train.steps cannot be {spec.train.steps}")
    _check_device(spec, before, target, options, overrides)
    with _attended(options) as options:
        try:
            return _reported(resume_run(TrainRequest(spec, options), target), options)
        except DataError as error:
            if moved := _moved_data(spec, str(error)):
                command = resume_command(target.path, options, *overrides, f"{moved}=PLACE")
                raise type(error)(f"{error}. Where it is at another place now:\n  {command}") from None
            raise


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


def load(
    folder: Path | str,
    *,
    registry: Plugins | None = None,
    components: Components = (),
    checkpoint: CheckpointName = "last",
    ema: bool = True,
    revision: str | None = None,
) -> Model:
    """Load the model of a run, or of a model on the Hugging Face hub.

    It needs the plugins of the run's latents, networks and losses. For any other component that is not installed there
    is a warning.

    Args:
        folder: The run folder; or "user/repo" on the hub, where there is no folder of this name (the extra `hub`).
        registry: The installed plugins; None loads all that are installed.
        components: Component classes that no plugin provides.
        checkpoint: "last"; "best" by `train.keep_best`; or the number of steps after which it was saved.
        ema: Whether the generator has the EMA of its weights, where `train.ema` is set, and not those of the last step.
        revision: On the hub, the branch, tag or commit; None for the latest.

    Returns:
        The model in evaluation mode, on cuda where there is one, else on the CPU.

    Raises:
        RunError: The folder is no run, has no such checkpoint, or the checkpoint is damaged; or the hub has no such
            model or cannot be reached.
        SpecError: A latent, network or loss of the run is not installed.
    """
    from gan_run.hub.pulling import find_model

    return load_run(find_model(folder, revision), _plugins(registry, components), checkpoint, ema=ema).model


@dataclass(frozen=True)
class LoadedRun:
    """A run and its model.

    Attributes:
        spec: The spec, in which a component that is not installed is a placeholder (registry/missing.py).
        model: The model after `step` steps.
        weights: The SHA-256 of the file of its weights.
    """

    spec: Spec
    model: Model
    step: int
    folder: RunFolder
    weights: str


def load_run(
    folder: Path | str,
    registry: Plugins,
    checkpoint: CheckpointName = "last",
    device: str = "auto",
    *,
    ema: bool = True,
    uses_names: bool = True,
    moved: Collection[str] = (),
) -> LoadedRun:
    """A run as the commands that evaluate it need it, on a device. Raises as `load` does.

    Args:
        folder: The run folder.
        registry: The installed plugins.
        checkpoint: As for `load`.
        device: "auto", "cpu" or "cuda".
        ema: As for `load`.
        uses_names: Whether names of codes that are of another checkpoint are reported in warnings.
        moved: Where the data is now: `"data.root=FOLDER"`.
    """
    target = RunFolder(Path(folder))
    _check_moves(target, registry, moved)
    spec = resolve_device(recorded_spec(target, registry, [f'train.device="{device}"', *moved]))
    for missing in missing_parts(spec):
        warnings.warn(f"{folder} is loaded without a component: {missing}", stacklevel=2)
    decisive = registry.files_of(decisive_components(spec))
    for file in target.changed_plugins(decisive):
        warnings.warn(f"{file} is not what it was when {folder} was trained: see {target.plugins}", stacklevel=2)
    saved, names = _checkpoint(target, checkpoint), target.code_names()
    info = target.data_info()
    if uses_names:
        its_last = saved == target.latest()
        for sentence in older_names(names, saved.step, folder if its_last else f"{folder} --checkpoint {saved.step}"):
            warnings.warn(sentence, stacklevel=2)
    with isolated_rng("load"):
        game = build_game(spec, info)
        average = None if spec.train.ema is None else EMA(game.stack)
    load_model_tensors(load_model(saved), game, average)
    where = torch.device(spec.train.device)
    stack = average.stack.to(where) if average is not None and ema else None
    names = names.with_classes(game.latents, spec.class_names(info))
    model = game.to(where).model(info, where, stack, names, decoder=spec.data.decoder())
    return LoadedRun(spec, model, saved.step, target, weights_hash(saved))


def recorded_spec(folder: RunFolder, registry: Plugins, overrides: Collection[str] = ()) -> Spec:
    """The spec of a run with overrides, in which a placeholder stands for what a model can be loaded without."""
    return _spec_of(folder, LenientCatalogue(registry.catalogue), overrides)


def _check_moves(folder: RunFolder, registry: Plugins, moved: Collection[str]) -> None:
    """Refuse changes of more than paths in data. Raises RunError."""
    before, after = recorded_spec(folder, registry), recorded_spec(folder, registry, moved)
    if other := sorted({place for each in differences(before, after) for place in each} - {*data_paths(before)}):
        raise RunError(f"{folder.path}: {', '.join(other)} cannot change: here --set takes paths in data alone")


def _checkpoint(folder: RunFolder, name: CheckpointName) -> Checkpoint:
    found, ended = chosen_checkpoint(folder, name), folder.evaluated_at()
    if name == "last" and ended is not None and found.step < ended:
        message = (
            f"{folder.path}: the checkpoint of step {ended}, its last, is missing: that of step {found.step} is taken"
        )
        warnings.warn(message, stacklevel=4)
    return found


def _plugins(registry: Plugins | None, components: Components) -> Plugins:
    registry = registry or load_plugins()
    return registry.with_components(components) if components else registry


@contextmanager
def _attended(options: RunOptions) -> Iterator[RunOptions]:
    """Options that save a checkpoint on Ctrl-C, show the progress, and write the run's report at its end."""
    from gan_run.display.progress import shown

    begun = time.monotonic() if options.begun is None else options.begun
    with interruptible(replace(options, begun=begun)) as options, shown(options) as options:
        yield replace(options, callbacks=(*options.callbacks, WriteReport(options.plugins())))


def _reported(folder: RunFolder, options: RunOptions) -> Path:
    """A finished run, which has its report."""
    write_missing_report(folder.path, options.plugins())
    return folder.path


def _resolved(options: RunOptions) -> RunOptions:
    """With a registry that holds the options' components too."""
    return replace(options, registry=_plugins(options.registry, options.components), components=())


def _read_spec(spec: SpecLike, overrides: Collection[str], catalogue: Catalogue) -> Spec:
    if isinstance(spec, Spec):
        return read_recorded_spec(dump(spec), catalogue, Path.cwd(), spec.name, overrides) if overrides else spec
    if isinstance(spec, Mapping):
        return read_content(spec, catalogue, Path.cwd(), "spec", overrides)
    path = Path(spec)
    return read_content(read_file(path), catalogue, path.parent, str(path), overrides)


def _spec_of(folder: RunFolder, catalogue: Catalogue, overrides: Collection[str] = ()) -> Spec:
    try:
        return read_recorded_spec(folder.spec(), catalogue, folder.path, str(folder.spec_file), overrides)
    except SpecError as error:
        raise SpecError(error.problems, error.source, _plugins_hint(folder)) from None


def _plugins_hint(folder: RunFolder) -> str:
    """The plugins that a run was trained with, as far as they are files or not installed here."""
    if files := folder.plugin_files():
        return f"this run was trained with {' '.join(f'--plugin {file}' for file in files)}"
    here = {point.dist.name for point in entry_points(group="gan_run") if point.dist is not None}
    gone = [f"{name} {version}" for name, version in folder.plugin_versions().items() if name not in here]
    return f"this run was trained with plugins that are not installed here: {', '.join(gone)}" if gone else ""
