"""Which player trains which parameter, and what a game's modules must not do."""

import difflib
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence

from torch import nn

from gan_run.core.base.errors import PluginError
from gan_run.core.kinds.loss import LossTerm, objective_method

PLAYER_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
"""The name is part of a method's name, of the log's columns (`PLAYER/LOSS`) and of the checkpoint's tensor names."""


ENDING = objective_method("")
"""What the methods of objectives end with."""
MISSPELT = 0.9
"""How similar the names of two methods are of which one is the other misspelt, from 0 to 1."""
LETTERS = 2
"""By how many letters their lengths differ at most."""


def check_player_names(names: Iterable[str]) -> None:
    """Refuse names that no player can have.

    Raises:
        PluginError: A name does not match `PLAYER_NAME`, or two names stand for one method, as `a-b` and `a_b` do.
    """
    by_method: dict[str, str] = {}
    for name in names:
        if not re.fullmatch(PLAYER_NAME, name):
            raise PluginError(
                f"a player cannot be called {name!r}: a name has letters, digits, _ and -, and no digit first"
            )
        method = objective_method(name)
        if method in by_method:
            raise PluginError(f"the players {by_method[method]!r} and {name!r} share the method {method}: rename one")
        by_method[method] = name


def check_objectives(terms: Mapping[str, LossTerm], players: Iterable[str]) -> None:
    """Refuse a term that is part of no player's objective, and one that has a method whose name is misspelt.

    Raises:
        PluginError: There is such a term.
    """
    players = list(players)
    for key, term in terms.items():
        _check_methods(key, term, players)
        if not any(term.has_objective_for(player) for player in players):
            wanted = ", ".join(objective_method(player) for player in players)
            found = [name for name in dir(type(term)) if name.endswith("_loss")]
            hint = f"; it has {', '.join(found)}" if found else ""
            raise PluginError(f"the loss {key} has no objective: it needs a method for a player ({wanted}){hint}")


def _check_methods(key: str, term: LossTerm, players: Sequence[str]) -> None:
    """Look at the public methods of a term that are named as objectives are, and that no player has.

    Raises:
        PluginError: The name of one is that of a player's method but for a letter or two.
    """
    wanted = {objective_method(player): player for player in players}
    for name in dir(type(term)):
        if (
            name.startswith("_")
            or not name.endswith(ENDING)
            or name in wanted
            or not callable(getattr(type(term), name))
        ):
            continue
        near = difflib.get_close_matches(name, wanted, n=1, cutoff=MISSPELT)
        if near and abs(len(near[0]) - len(name)) <= LETTERS:
            raise PluginError(f"the loss {key} has a method {name}, which no player calls; did you mean {near[0]!r}?")
        warnings.warn(
            f"the loss {key} has a method {name}, and no player {name.removesuffix(ENDING)!r} that would call it "
            f"(there is: {', '.join(players)}); a method with another purpose begins with _",
            stacklevel=2,
        )


def assign_parameters(game: nn.Module, modules: Mapping[str, Sequence[nn.Module]]) -> dict[str, tuple[str, ...]]:
    """Each player's parameters, by their full names in `game`.

    Args:
        game: The module that holds everything that is trained.
        modules: What each player trains.

    Returns:
        Names by player, for every player in `modules`. Parameters that do not require gradients are frozen: they
        belong to no player.

    Raises:
        PluginError: Two players train one parameter, or no player trains one that requires gradients.
    """
    owner: dict[int, str] = {}
    for player, owned in modules.items():
        for module in owned:
            for name, parameter in module.named_parameters():
                other = owner.setdefault(id(parameter), player)
                if other != player:
                    raise PluginError(f"the {player} trains {name}, which another player, the {other}, trains too")
    assigned: dict[str, list[str]] = {player: [] for player in modules}
    for name, parameter in game.named_parameters():
        if not parameter.requires_grad:
            continue
        if id(parameter) not in owner:
            raise PluginError(
                f"no player trains {name}: the loss has to name one in `trained_by`, or to freeze the parameter with "
                "requires_grad_(False)"
            )
        assigned[owner[id(parameter)]].append(name)
    return {player: tuple(names) for player, names in assigned.items()}


def check_no_shared_tensors(game: nn.Module) -> None:
    """Refuse tensors that are in the state of `game` under two names, which a checkpoint cannot hold.

    Raises:
        PluginError: There are two such names.
    """
    seen: dict[tuple[int, int], str] = {}
    for name, tensor in game.state_dict().items():
        # The storage tells views apart from copies; two parameters may be views of one storage.
        at = (tensor.untyped_storage()._cdata, tensor.storage_offset())
        other = seen.setdefault(at, name)
        if other != name and tensor.numel() > 0:
            raise PluginError(
                f"{name} and {other} are one tensor, which a checkpoint cannot hold twice: hold what another module "
                "owns in a Borrowed, or give each a clone"
            )
