"""Weights of another run as the beginning of a new one: `train.init_from`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from gan_run.core.base.errors import RunError, SpecError, nearest
from gan_run.core.engine.game import Game
from gan_run.core.engine.state import GAME, load_matching
from gan_run.core.engine.training import Training
from gan_run.core.kinds.spec import Spec
from gan_run.core.run import checkpoint
from gan_run.core.run.run_folder import RunFolder

GENERATOR = "stack.generator."


class Columns(NamedTuple):
    """The columns of the latents that both runs have: inputs of the generator, or outputs of an encoder."""

    theirs: list[int]
    ours: list[int]
    their_width: int
    """The number of all of their columns."""
    our_width: int


def initialise(
    training: Training, source: Path, recorded_spec: Callable[[RunFolder], Spec], notify: Callable[[str], None]
) -> None:
    """Load weights of another run that have the same name and shape.

    Where this run has more latents, a tensor of the generator that has one row or column for each of its inputs gets
    those of the latents that both have, and a tensor of an encoder that has one for each of its outputs likewise.

    Args:
        training: A training before its first step.
        source: A run folder, of which the last checkpoint is taken, or a checkpoint, `RUN/checkpoints/step-NUMBER`.
        recorded_spec: Reads the spec of a run.
        notify: Receives a line that names what is left as initialised.

    Raises:
        RunError: There is no checkpoint, it is damaged, or no weight matches.
    """
    saved = checkpoint_of(source)
    tensors = checkpoint.load_model(saved)
    columns = _columns(RunFolder(saved.folder.parents[1]), recorded_spec, training)
    adapted = dict(_adapted(tensors, training.game, columns))
    unmatched = load_matching({**tensors, **adapted}, training.game)
    if training.ema is not None:
        training.ema.update(training.game.stack, 0.0)
    others = ", ".join(unmatched) or "none"
    notify(f"weights from {saved.folder}; left as initialised, for want of this name and shape there: {others}")
    if adapted:
        names = ", ".join(name.removeprefix(GAME) for name in adapted)
        notify(f"the columns of latents that are not there are left as initialised: {names}")


def checkpoint_of(source: Path) -> checkpoint.Checkpoint:
    """The checkpoint that a run or a checkpoint's folder stands for. Raises RunError if it is neither."""
    itself = (saved for saved in checkpoint.complete(source.parent) if saved.folder == source)
    found = RunFolder(source).latest() or next(itself, None)
    if found is None:
        beside = [path.name for path in source.parent.iterdir()] if source.parent.is_dir() else []
        near = None if source.exists() else nearest(source.name, beside)
        hint = f"; did you mean {source.with_name(near)}?" if near else ""
        raise RunError(f"train.init_from: {source} holds no checkpoint and is none{hint}")
    return found


def _columns(run: RunFolder, recorded_spec: Callable[[RunFolder], Spec], training: Training) -> dict[str, Columns]:
    """The columns of the generator's inputs and of each encoder's outputs, by the prefix of its tensors.

    None are known where one of their latents is none of ours: its width is not known.
    """
    if not run.spec_file.exists():
        return {}
    try:
        theirs = recorded_spec(run)
    except SpecError:  # of a plugin that is not installed, say
        return {}
    own, game = training.spec, training.game
    if any(own.latents.get(name) != latent for name, latent in theirs.latents.items()):
        return {}
    inputs = {name: game.latents[name].width for name in game.latents}
    found = {GENERATOR: _common(theirs.latents, own.latents, inputs)}
    outputs = {name: game.latents[name].posterior_width for name in game.latents}
    losses, modules = theirs.losses_by_key(), {id(module): name for name, module in game.named_modules()}
    for key in game.terms:
        encoder = game.term(key).encoder()
        if encoder is not None and key in losses:
            found[f"{modules[id(encoder)]}."] = _common(losses[key].encodes(), encoder.codes, outputs)
    return found


def _common(theirs: Iterable[str], ours: Iterable[str], widths: Mapping[str, int]) -> Columns:
    """The columns of the latents in both lists, each of which has those of its latents side by side."""
    before, now = _places(theirs, widths), _places(ours, widths)
    both = [name for name in before if name in now]
    return Columns(
        [column for name in both for column in before[name]],
        [column for name in both for column in now[name]],
        sum(map(len, before.values())),
        sum(map(len, now.values())),
    )


def _places(names: Iterable[str], widths: Mapping[str, int]) -> dict[str, range]:
    places, start = dict[str, range](), 0
    for name in names:
        places[name] = range(start, start + widths[name])
        start += widths[name]
    return places


def _adapted(tensors: Mapping[str, Tensor], game: Game, columns: Mapping[str, Columns]) -> Iterator[tuple[str, Tensor]]:
    """Their tensors that differ from ours in the number of columns of latents alone, with the shape of ours."""
    for name, own in game.state_dict().items():
        other = tensors.get(f"{GAME}{name}")
        for prefix, each in columns.items():
            if other is None or not name.startswith(prefix) or other.dim() != own.dim():
                continue
            unequal = [dim for dim in range(own.dim()) if other.shape[dim] != own.shape[dim]]
            if [(other.shape[dim], own.shape[dim]) for dim in unequal] != [(each.their_width, each.our_width)]:
                continue
            (dim,) = unequal
            adapted = own.detach().cpu().clone().transpose(0, dim)
            adapted[each.ours] = other.to(adapted.dtype).transpose(0, dim)[each.theirs]
            yield f"{GAME}{name}", adapted.transpose(0, dim)
