"""The Python API's verbs: train a spec, load a run."""

import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from gan_run.core.base.errors import Problem, RunError, SpecError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.ema import EMA
from gan_run.core.engine.game import build_game
from gan_run.core.engine.state import load_model_tensors
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.spec import Spec
from gan_run.core.run import checkpoint
from gan_run.core.run.events import Everyone, Listener
from gan_run.core.run.experiment import TrainRequest, dump, resume_run, run
from gan_run.core.run.resolve import resolve_device
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry, load_plugins
from gan_run.registry.spec_loading import read_json
from gan_run.registry.spec_loading import read_spec as read_content

CHANGEABLE = ("steps", "log_every", "checkpoint_every", "keep")
"""What a resumed run may be told anew."""


@dataclass(frozen=True)
class Watched:
    """How a caller follows a run."""

    listener: Listener = field(default_factory=Listener)
    """Told of the run's events, beside the plugins' hooks."""
    stop: Callable[[], bool] = lambda: False
    """Asked after every step: True saves a checkpoint and raises Stopped."""
    say: Callable[[str], None] = print
    """Told in a line each what the user should know before training."""


UNWATCHED = Watched()

Components = Collection[type[Component]]
"""Classes that no plugin brings."""


def read_spec(
    spec: Spec | Mapping[str, object] | Path | str,
    overrides: Collection[str] = (),
    registry: Registry | None = None,
    *,
    components: Components = (),
) -> Spec:
    """A validated spec from a file, a mapping (paths then relative to the current folder) or a spec.

    `overrides` are written as on the command line: `train.steps=100`; `components` are classes that no plugin brings.
    Raises SpecError with every mistake found.
    """
    catalogue = _with(registry, components).catalogue
    if isinstance(spec, Spec):
        return read_content(dump(spec), catalogue, Path.cwd(), spec.name, overrides) if overrides else spec
    if isinstance(spec, Mapping):
        return read_content(spec, catalogue, Path.cwd(), "spec", overrides)
    path = Path(spec)
    return read_content(read_json(path), catalogue, path.parent, str(path), overrides)


def train(
    spec: Spec | Mapping[str, object] | Path | str,
    out: Path | str = "runs",
    *,
    overrides: Collection[str] = (),
    fresh: bool = False,
    any_processes: bool = False,
    watched: Watched = UNWATCHED,
    registry: Registry | None = None,
    components: Components = (),
) -> Path:
    """Train `spec` into a folder under `out`, or go on with an unfinished run of it, and return the run's folder.

    In a group of torch.distributed all processes have to call it alike, and they train one run together; with
    `any_processes` they may go on with one that another number of processes began. Raises Stopped if `watched.stop`
    says so, SpecError, DataError, RunError or TrainingError.
    """
    registry = _with(registry, components)
    file = Path(spec) if isinstance(spec, (str, Path)) else None
    read = read_spec(spec, overrides, registry)
    return run(_request(read, Path(out), registry, watched, file, fresh, any_processes)).path


def resume(
    folder: Path | str,
    *,
    overrides: Collection[str] = (),
    any_processes: bool = False,
    watched: Watched = UNWATCHED,
    registry: Registry | None = None,
    components: Components = (),
) -> Path:
    """Go on with the run in `folder`. `overrides` may raise `train.steps` and change what is logged and kept."""
    registry = _with(registry, components)
    target = RunFolder(Path(folder))
    before, spec = _spec_of(target, registry), _spec_of(target, registry, overrides)
    unchanged = {key: getattr(before.train, key) for key in CHANGEABLE}
    if spec.model_copy(update={"train": spec.train.model_copy(update=unchanged)}) != before:
        fields = ", ".join(f"train.{key}" for key in CHANGEABLE)
        raise RunError(f"{folder}: a resumed run may change {fields} and nothing else; --out or a new name starts anew")
    latest = target.latest()
    if latest is not None and spec.train.steps < latest.step:
        raise RunError(f"{folder}: {latest.step} steps are done: train.steps cannot be {spec.train.steps}")
    request = _request(spec, target.path.parent, registry, watched, any_processes=any_processes)
    return resume_run(request, target).path


def load(
    folder: Path | str,
    *,
    registry: Registry | None = None,
    components: Components = (),
    step: int | None = None,
) -> Model:
    """The model of a run, from its last checkpoint or the one at `step`, ready for `.sample` and `.encode`."""
    return load_run(folder, _with(registry, components), step).model


@dataclass(frozen=True)
class LoadedRun:
    """A run's model as it was after `step` steps."""

    spec: Spec
    model: Model
    step: int
    folder: RunFolder


def load_run(folder: Path | str, registry: Registry, step: int | None = None) -> LoadedRun:
    """A run as evaluation needs it. Raises RunError where there is no checkpoint."""
    target = RunFolder(Path(folder))
    spec = resolve_device(_spec_of(target, registry, ['train.device="auto"']))
    found = {saved.step: saved for saved in checkpoint.complete(target.checkpoints)}
    if not found:
        raise RunError(f"{folder} has no checkpoint yet")
    wanted = max(found) if step is None else step
    if wanted not in found:
        raise RunError(f"{folder} has no checkpoint at step {wanted}: there are {', '.join(map(str, sorted(found)))}")
    info = target.data_info()
    with isolated_rng("load"):
        game = build_game(spec, info)
        average = None if spec.train.ema is None else EMA(game.stack, spec.train.ema)
    tensors, _ = checkpoint.load(found[wanted])
    load_model_tensors(tensors, game, average)
    device = torch.device(spec.train.device)
    stack = None if average is None else average.stack.to(device)
    model = game.to(device).model(info.image, device, stack, target.labels())
    return LoadedRun(spec, model, wanted, target)


def _with(registry: Registry | None, components: Components) -> Registry:
    registry = registry or load_plugins()
    return registry.with_components(components) if components else registry


def _spec_of(folder: RunFolder, registry: Registry, overrides: Collection[str] = ()) -> Spec:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # gan-run wrote these fields: a user cannot rename them
            return read_content(folder.spec(), registry.catalogue, folder.path, str(folder.spec_file), overrides)
    except SpecError as error:
        if not (files := folder.plugin_files()):
            raise
        remedy = f"this run was trained with {' '.join(f'--plugin {file}' for file in files)}"
        raise SpecError([*error.problems, Problem((), remedy)], error.source) from None


def _request(
    spec: Spec,
    out: Path,
    registry: Registry,
    watched: Watched,
    spec_file: Path | None = None,
    fresh: bool = False,
    any_processes: bool = False,
) -> TrainRequest:
    everyone = Everyone([registry.listener(), watched.listener])
    versions = registry.versions()
    return TrainRequest(
        spec, out, watched.say, everyone, watched.stop, versions, spec_file, fresh, registry.files, any_processes
    )
