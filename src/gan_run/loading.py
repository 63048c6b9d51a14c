"""Loads the model of a run."""

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import torch

from gan_run.core.base.errors import RunError, SpecError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.ema import EMA
from gan_run.core.engine.game import build_game
from gan_run.core.engine.state import load_model_tensors
from gan_run.core.kinds.component import Catalogue, Component
from gan_run.core.kinds.init_from import CheckpointName
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.category_names import older_names
from gan_run.core.run.checkpoint import Checkpoint, load_model, weights_hash
from gan_run.core.run.chosen_checkpoint import chosen_checkpoint
from gan_run.core.run.options import Plugins
from gan_run.core.run.records import data_paths
from gan_run.core.run.resolve import resolve_device
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.same_run import decisive_components, differences
from gan_run.registry.missing import LenientCatalogue, missing_parts
from gan_run.registry.plugins import load_plugins
from gan_run.registry.spec_loading import read_recorded_spec

Components = Collection[type[Component]]
"""Component classes that no plugin provides."""


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

    return load_run(find_model(folder, revision), installed(registry, components), checkpoint, ema=ema).model


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
    if moved:
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
    return spec_of(folder, LenientCatalogue(registry.catalogue), overrides)


def spec_of(folder: RunFolder, catalogue: Catalogue, overrides: Collection[str] = ()) -> Spec:
    """The spec of a run with overrides. Raises SpecError, which names the plugins that are missing."""
    try:
        return read_recorded_spec(folder.spec(), catalogue, folder.path, str(folder.spec_file), overrides)
    except SpecError as error:
        raise SpecError(error.problems, error.source, _plugins_hint(folder)) from None


def installed(registry: Plugins | None, components: Components) -> Plugins:
    """A registry, or else one of all that is installed, with further components."""
    registry = registry or load_plugins()
    return registry.with_components(components) if components else registry


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


def _plugins_hint(folder: RunFolder) -> str:
    """The plugins that a run was trained with, as far as they are files or not installed here."""
    if files := folder.plugin_files():
        return f"this run was trained with {' '.join(f'--plugin {file}' for file in files)}"
    here = {point.dist.name for point in entry_points(group="gan_run") if point.dist is not None}
    gone = [f"{name} {version}" for name, version in folder.plugin_versions().items() if name not in here]
    return f"this run was trained with plugins that are not installed here: {', '.join(gone)}" if gone else ""
