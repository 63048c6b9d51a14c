"""The state of training as flat tensors by name, and back. Random numbers need none: they follow from the step."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gan_run.core.base.errors import RunError
from gan_run.core.engine.ema import EMA
from gan_run.core.engine.game import Game
from gan_run.core.engine.player import Player
from gan_run.core.images.feed import Feed

AVERAGE = "average."
GAME = "game."
SCALER = "scaler"
FEED = "feed."


def model_tensors(game: Game, average: EMA | None) -> dict[str, Tensor]:
    """Weights and buffers of the game, under `game.`, and of the moving average, under `average.`."""
    tensors = {f"{GAME}{name}": tensor for name, tensor in game.state_dict().items()}
    if average is not None:
        tensors |= {f"{AVERAGE}{name}": tensor for name, tensor in average.state().items()}
    return tensors


def load_model_tensors(tensors: Mapping[str, Tensor], game: Game, average: EMA | None) -> None:
    """Load what `model_tensors` returned.

    Raises:
        RunError: The tensors are of another model.
    """
    try:
        game.load_state_dict(_under(GAME, tensors))
        if average is not None:
            average.load(_under(AVERAGE, tensors))
    except RuntimeError as error:
        raise RunError(f"the checkpoint is of another model: {error}") from None


def optimizer_tensors(players: Sequence[Player]) -> dict[str, Tensor]:
    """The state of all optimisers, by PLAYER/PARAMETER/MOMENT, and of loss scaling, by PLAYER/scaler/FIELD."""
    tensors = {}
    for player in players:
        for field, number in player.scaler.state_dict().items():
            tensors[f"{player.name}/{SCALER}/{field}"] = torch.tensor(number)
        for name, parameter in player.parameters.items():
            for moment, value in player.optimizer.state.get(parameter, {}).items():
                assert isinstance(value, Tensor), (
                    f"{type(player.optimizer).__name__} has the state {moment}, which is not a tensor"
                )
                tensors[f"{player.name}/{name}/{moment}"] = value
    return tensors


def load_optimizer_tensors(tensors: Mapping[str, Tensor], players: Sequence[Player]) -> None:
    """Load what `optimizer_tensors` returned."""
    for player in players:
        if scaling := _under(f"{player.name}/{SCALER}/", tensors):
            player.scaler.load_state_dict({field: number.item() for field, number in scaling.items()})
        names = {id(parameter): name for name, parameter in player.parameters.items()}
        trained = [parameter for group in player.optimizer.param_groups for parameter in group["params"]]
        moments = {}
        for index, parameter in enumerate(trained):
            if kept := _under(f"{player.name}/{names[id(parameter)]}/", tensors):
                moments[index] = {name: _laid_out_as(parameter, value) for name, value in kept.items()}
        player.optimizer.load_state_dict({**player.optimizer.state_dict(), "state": moments})


def feed_tensors(feed: Feed) -> dict[str, Tensor]:
    """The position of the feed, under `feed.`; nothing where the step's number determines it."""
    return {f"{FEED}{name}": tensor for name, tensor in feed.state().items()}


def load_feed_tensors(tensors: Mapping[str, Tensor], feed: Feed) -> None:
    """Load what `feed_tensors` returned.

    Raises:
        RunError: The feed needs a position and there is none, or the other way round.
    """
    kept = _under(FEED, tensors)
    if bool(kept) != bool(feed.state()):
        which = "a position" if kept else "no position"
        raise RunError(f"the checkpoint has {which} of the training images' feed: it is of another data source")
    if kept:
        feed.load_state(kept)


def _laid_out_as(parameter: Tensor, moment: Tensor) -> Tensor:
    """`moment` in the memory format of its parameter, channels last for one: fused optimisers take them for alike."""
    return torch.empty_like(parameter, dtype=moment.dtype).copy_(moment) if moment.shape == parameter.shape else moment


def load_matching(tensors: Mapping[str, Tensor], game: Game) -> list[str]:
    """Copy into `game` the tensors of another model that have the same name and shape.

    Args:
        tensors: What `model_tensors` returned for the other model.
        game: Where they are copied to.

    Returns:
        The names in `game` that are left as they were.

    Raises:
        RunError: No weight matches.
    """
    taken = _copy_matching(_under(GAME, tensors), game.state_dict())
    # A batch norm's counter has the same shape in every network.
    if not any(game.state_dict()[name].is_floating_point() for name in taken):
        raise RunError("train.init_from: nothing there matches this spec's networks by name and shape")
    return [name for name in game.state_dict() if name not in taken]


def load_matching_average(tensors: Mapping[str, Tensor], average: EMA) -> list[str]:
    """Copy into an average the tensors of another one that have the same name and shape, and the number of its updates.

    Args:
        tensors: What `model_tensors` returned for the other model.
        average: Where they are copied to.

    Returns:
        The names in the average that are left as they were.
    """
    own, theirs = average.state(), _under(AVERAGE, tensors)
    taken = _copy_matching(theirs, own)
    average.load(own)
    return [name for name in own if name not in taken]


def load_matching_optimizers(tensors: Mapping[str, Tensor], players: Sequence[Player]) -> dict[str, list[str]]:
    """Load the state of another run's optimisers, for each parameter of which it has all that ours keeps.

    Args:
        tensors: What `optimizer_tensors` returned there.
        players: Those whose optimisers take it.

    Returns:
        The parameters whose state begins anew, by player.
    """
    fitting, left = dict[str, Tensor](), dict[str, list[str]]()
    for player in players:
        left[player.name] = []
        for name, expected in player.new_state().items():
            place = f"{player.name}/{name}/"
            if {moment: value.shape for moment, value in _under(place, tensors).items()} == expected:
                fitting |= {f"{place}{moment}": tensors[f"{place}{moment}"] for moment in expected}
            else:
                left[player.name].append(name)
        place = f"{player.name}/{SCALER}/"
        if _under(place, tensors).keys() == player.scaler.state_dict().keys():
            fitting |= {f"{place}{field}": tensors[f"{place}{field}"] for field in player.scaler.state_dict()}
    load_optimizer_tensors(fitting, players)
    return left


def _copy_matching(theirs: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> set[str]:
    """Copy tensors of the same name and shape into `own`. Returns their names."""
    matching = {name: theirs[name] for name, old in own.items() if name in theirs and theirs[name].shape == old.shape}
    with torch.no_grad():
        for name, tensor in matching.items():
            own[name].copy_(tensor)
    return matching.keys() & own.keys()


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
