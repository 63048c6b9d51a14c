"""Another run as the beginning of a new one: `train.init_from`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from gan_run.core.base.errors import RunError, SpecError, nearest
from gan_run.core.engine.ema import WEIGHTS
from gan_run.core.engine.game import Game
from gan_run.core.engine.state import (
    AVERAGE,
    GAME,
    load_matching,
    load_matching_average,
    load_matching_optimizers,
)
from gan_run.core.engine.training import Training
from gan_run.core.kinds.init_from import InitFrom, as_init_from
from gan_run.core.kinds.spec import Spec
from gan_run.core.run import checkpoint
from gan_run.core.run.chosen_checkpoint import chosen_checkpoint
from gan_run.core.run.run_folder import RunFolder

STACK = "stack."
GENERATOR = f"{STACK}generator."


class Columns(NamedTuple):
    """The columns of the latents that both runs have: inputs of the generator, or outputs of an encoder."""

    theirs: list[int]
    ours: list[int]
    their_width: int
    """The number of all of their columns."""
    our_width: int


def initialise(
    training: Training,
    given: Path | InitFrom,
    recorded_spec: Callable[[RunFolder], Spec],
    notify: Callable[[str], None],
) -> dict[str, object]:
    """Load what another run has of the same name and shape: weights, and if asked for the EMA and optimisers' states.

    Where this run has more latents, a tensor of the generator that has one row or column for each of its inputs gets
    those of the latents that both have, and a tensor of an encoder that has one for each of its outputs likewise.

    Args:
        training: A training before its first step.
        given: What `train.init_from` gives.
        recorded_spec: Reads the spec of a run.
        notify: Receives lines that name what was taken, and what is left as initialised.

    Returns:
        The ancestry, for environment.json: the run, its step, the SHA-256 of its weights, what was taken, and the
        ancestry of that run.

    Raises:
        RunError: There is no checkpoint, it is damaged, or no weight matches.
    """
    declared = as_init_from(given)
    saved = checkpoint_of(declared)
    run = RunFolder(saved.folder.parents[1])
    optimizers: dict[str, Tensor] | None = None
    if declared.optimizers and not checkpoint.is_published(saved):
        tensors, optimizers = checkpoint.load(saved)
    else:
        tensors = checkpoint.load_model(saved)
    columns = _columns(run, recorded_spec, training)
    adapted = dict(_adapted(tensors, training.game, columns))
    unmatched = load_matching({**tensors, **adapted}, training.game)
    if training.ema is not None:
        training.ema.update(training.game.stack, 0.0)
    others = ", ".join(unmatched) or "none"
    notify(f"weights from {saved.folder}; left as initialised, for want of this name and shape there: {others}")
    if adapted:
        names = ", ".join(name.removeprefix(GAME) for name in adapted)
        notify(f"the columns of latents that are not there are left as initialised: {names}")
    taken = _taken_weights(training.game, unmatched)
    if declared.optimizers:
        taken |= {"EMA": _take_average(training, tensors, columns), **_take_optimizers(training, optimizers)}
        lines = [f"  {what}: {said}" for what, said in taken.items()]
        notify("\n".join([f"taken from {run.path} after step {saved.step}:", *lines]))
    return _ancestry(run, saved, taken)


def checkpoint_of(declared: InitFrom) -> checkpoint.Checkpoint:
    """The checkpoint that is meant: of a run, or the folder of one. Raises RunError if it is neither."""
    source = declared.run
    itself = next((saved for saved in checkpoint.complete(source.parent) if saved.folder == source), None)
    if itself is not None:
        return itself
    if RunFolder(source).latest() is None:
        beside = [path.name for path in source.parent.iterdir()] if source.parent.is_dir() else []
        near = None if source.exists() else nearest(source.name, beside)
        hint = f"; did you mean {source.with_name(near)}?" if near else ""
        raise RunError(f"train.init_from: {source} holds no checkpoint and is none{hint}")
    return chosen_checkpoint(RunFolder(source), declared.checkpoint)


def _taken_weights(game: Game, unmatched: Collection[str]) -> dict[str, str]:
    """What was taken of each network, when some tensors of the game are left as initialised."""
    parts = {"generator": GENERATOR, "discriminator": "discriminator.", "latents": f"{STACK}latents."}
    parts |= {f"loss {key}": f"terms.{key}." for key in game.terms}
    taken = {}
    for part, prefix in parts.items():
        if own := [name for name in game.state_dict() if name.startswith(prefix)]:
            taken[part] = _share(len(own), [name for name in unmatched if name.startswith(prefix)])
    return taken


def _take_average(training: Training, tensors: Mapping[str, Tensor], columns: Mapping[str, Columns]) -> str:
    """Load the EMA of the generator. Returns what was taken."""
    average = training.ema
    if average is None:
        return "none here"
    prefix = f"{AVERAGE}{WEIGHTS}"
    theirs = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    if not theirs:
        return "new, since there is none there: it begins at the weights"
    as_game = {f"{GAME}{STACK}{name}": tensor for name, tensor in theirs.items()}
    adapted = _adapted(as_game, training.game, columns)
    place = f"{GAME}{STACK}"
    fitted = {f"{prefix}{name.removeprefix(place)}": tensor for name, tensor in adapted if name.startswith(place)}
    return _share(len(average.state()), load_matching_average({**tensors, **fitted}, average))


def _take_optimizers(training: Training, tensors: Mapping[str, Tensor] | None) -> dict[str, str]:
    """Load the states of the optimisers. Returns what was taken, by what it is of."""
    if tensors is None:
        return {"optimizers": "new, since that model was published without training state"}
    left = load_matching_optimizers(tensors, training.players)
    return {
        f"optimizer of {player.name}": _share(len(player.parameters), left[player.name]) for player in training.players
    }


def _share(count: int, left: Collection[str]) -> str:
    """What was taken of `count` tensors, when some are left as they were."""
    if not left:
        return f"all of {count}"
    which = f"{count - len(left)} of {count}, but not" if len(left) < count else f"none of {count}: not"
    return f"{which} {', '.join(left)}, for want of this name and shape there"


def _ancestry(run: RunFolder, saved: checkpoint.Checkpoint, taken: Mapping[str, str]) -> dict[str, object]:
    before = next((stretch["init_from"] for stretch in run.environment() if "init_from" in stretch), None)
    found: dict[str, object] = {
        "run": str(run.path),
        "step": saved.step,
        "sha256": checkpoint.weights_hash(saved),
        "taken": dict(taken),
    }
    return found if before is None else {**found, "init_from": before}


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
