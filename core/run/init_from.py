"""Weights of another run as the beginning of a new one: `train.init_from`."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from gan_run.core.base.errors import RunError
from gan_run.core.engine.state import GAME, load_matching
from gan_run.core.engine.training import Training
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.run import checkpoint
from gan_run.core.run.run_folder import RunFolder

GENERATOR = "stack.generator."


class Columns(NamedTuple):
    """The generator's inputs of the latents that both runs declare alike."""

    theirs: list[int]
    ours: list[int]
    their_width: int
    """All of their inputs."""


def initialise(training: Training, source: Path, notify: Callable[[str], None]) -> None:
    """Load weights of another run that have the same name and shape.

    Where the two runs have other latents, a tensor of the generator that has one row or column for each of its inputs
    gets those of the latents that both declare alike.

    Args:
        training: A training before its first step.
        source: A run folder, of which the last checkpoint is taken, or a checkpoint, `RUN/checkpoints/step-NUMBER`.
        notify: Receives a line that names what is left as initialised.

    Raises:
        RunError: There is no checkpoint, it is damaged, or no weight matches.
    """
    saved = _checkpoint(source)
    tensors = checkpoint.load_model(saved)
    columns = _columns(saved.folder.parents[1], training)
    adapted = {} if columns is None else dict(_adapted(tensors, training, columns))
    unmatched = load_matching({**tensors, **adapted}, training.game)
    if training.ema is not None:
        training.ema.update(training.game.stack, 0.0)
    others = ", ".join(unmatched) or "none"
    notify(f"weights from {saved.folder}; left as initialised, for want of this name and shape there: {others}")
    if adapted:
        names = ", ".join(name.removeprefix(GAME) for name in adapted)
        notify(f"the inputs of latents that are not there are left as initialised: {names}")


def _checkpoint(source: Path) -> checkpoint.Checkpoint:
    itself = (saved for saved in checkpoint.complete(source.parent) if saved.folder == source)
    found = RunFolder(source).latest() or next(itself, None)
    if found is None:
        raise RunError(f"train.init_from: {source} holds no checkpoint and is none")
    return found


def _columns(run: Path, training: Training) -> Columns | None:
    """None where the widths of their latents are not known: where one of them is none of ours."""
    latents: LatentSpace = training.game.stack.latents
    spec_file = RunFolder(run).spec_file
    if not spec_file.exists():
        return None
    declared = json.loads(spec_file.read_text(encoding="utf-8")).get("latents", {})
    own = training.spec.model_dump(mode="json", by_alias=True, warnings=False)["latents"]
    if any(own.get(name) != latent for name, latent in declared.items()):
        return None
    theirs, ours, width = list[int](), list[int](), 0
    for name in declared:
        columns = latents.columns(name)
        ours += range(columns.start, columns.stop)
        theirs += range(width, width + latents[name].width)
        width += latents[name].width
    return Columns(theirs, ours, width)


def _adapted(tensors: Mapping[str, Tensor], training: Training, columns: Columns) -> Iterator[tuple[str, Tensor]]:
    """Their tensors of the generator that differ from ours in the number of inputs alone, with the shape of ours."""
    latents = training.game.stack.latents
    sizes = columns.their_width, sum(latents[name].width for name in latents)
    if sizes[0] == sizes[1]:
        return
    for name, own in training.game.state_dict().items():
        other = tensors.get(f"{GAME}{name}")
        if other is None or not name.startswith(GENERATOR) or other.dim() != own.dim():
            continue
        unequal = [dim for dim in range(own.dim()) if other.shape[dim] != own.shape[dim]]
        if [(other.shape[dim], own.shape[dim]) for dim in unequal] != [sizes]:
            continue
        (dim,) = unequal
        adapted = own.detach().cpu().clone().transpose(0, dim)
        adapted[columns.ours] = other.to(adapted.dtype).transpose(0, dim)[columns.theirs]
        yield f"{GAME}{name}", adapted.transpose(0, dim)
