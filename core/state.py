"""All that the next step depends on, as flat tensors by name, and back."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_run.core.errors import RunError
from gan_run.core.game import Game
from gan_run.core.network import GeneratorStack
from gan_run.core.player import Player

AVERAGE = "average."
GAME = "game."


def _average_by(decay: float) -> Callable[..., None]:
    average: Callable[..., None] = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch's is untyped
    return average


class Average:
    """The exponential moving average of the generator and the latents. Buffers follow the original, unaveraged."""

    def __init__(self, stack: GeneratorStack, decay: float) -> None:
        self._model = AveragedModel(stack, multi_avg_fn=_average_by(decay), use_buffers=False)

    @property
    def stack(self) -> GeneratorStack:
        stack = self._model.module
        assert isinstance(stack, GeneratorStack)
        return stack

    def update(self, stack: GeneratorStack) -> None:
        self._model.update_parameters(stack)

    def state(self) -> dict[str, Tensor]:
        return dict(self._model.state_dict())

    def load(self, state: Mapping[str, Tensor]) -> None:
        self._model.load_state_dict(state)


def model_tensors(game: Game, average: Average | None) -> dict[str, Tensor]:
    """Weights and buffers, and the average's."""
    tensors = {f"{GAME}{name}": tensor for name, tensor in game.state_dict().items()}
    if average is not None:
        tensors |= {f"{AVERAGE}{name}": tensor for name, tensor in average.state().items()}
    return tensors


def load_model_tensors(tensors: Mapping[str, Tensor], game: Game, average: Average | None) -> None:
    """Put back what `model_tensors` gave. Raises RunError if they are of another model."""
    try:
        game.load_state_dict(_under(GAME, tensors))
        if average is not None:
            average.load(_under(AVERAGE, tensors))
    except RuntimeError as error:
        raise RunError(f"the checkpoint is of another model: {error}") from None


def optimizer_tensors(players: Sequence[Player]) -> dict[str, Tensor]:
    """Every optimiser's moments as PLAYER/PARAMETER/MOMENT."""
    tensors = {}
    for player in players:
        for name, parameter in player.parameters.items():
            for moment, value in player.optimizer.state.get(parameter, {}).items():
                assert isinstance(value, Tensor), f"{type(player.optimizer).__name__} keeps {moment} as no tensor"
                tensors[f"{player.name}/{name}/{moment}"] = value
    return tensors


def load_optimizer_tensors(tensors: Mapping[str, Tensor], players: Sequence[Player]) -> None:
    """Put back what `optimizer_tensors` gave."""
    for player in players:
        names = {id(parameter): name for name, parameter in player.parameters.items()}
        trained = [parameter for group in player.optimizer.param_groups for parameter in group["params"]]
        state = {
            index: _under(f"{player.name}/{names[id(parameter)]}/", tensors) for index, parameter in enumerate(trained)
        }
        moments = {index: moment for index, moment in state.items() if moment}
        player.optimizer.load_state_dict({**player.optimizer.state_dict(), "state": moments})


def load_matching(tensors: Mapping[str, Tensor], game: Game) -> list[str]:
    """Copy into `game` what another model has of the same name and shape; returns the names left as they were.

    Raises RunError where nothing matches.
    """
    own = game.state_dict()
    theirs = _under(GAME, tensors)
    matching = {name: theirs[name] for name, old in own.items() if name in theirs and theirs[name].shape == old.shape}
    if not matching:
        raise RunError("train.init_from: nothing there matches this spec's networks by name and shape")
    with torch.no_grad():
        for name, tensor in matching.items():
            own[name].copy_(tensor)
    return [name for name in own if name not in matching]


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
