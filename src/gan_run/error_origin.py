"""The component in whose code an unexpected error was raised, read off its traceback: nothing is slower for it."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from gan_run.core.base.errors import DataError, Place, show_place
from gan_run.core.engine.game import Game
from gan_run.core.engine.player import Player
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Update
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.contract import ContractError
from gan_run.core.kinds.spec import Spec

if TYPE_CHECKING:
    from gan_run.registry.plugins import Registry

PARTS: Mapping[str, Place] = {
    "stack.generator": ("generator",),
    "discriminator.trunk": ("discriminator", "trunk"),
    "discriminator.head": ("discriminator", "head"),
}
"""Places in a spec by the names of modules in a game."""


class Origin(NamedTuple):
    """Where an error was raised, as far as that is known."""

    component: Component | None
    place: Place | None
    player: str | None
    step: int | None


def headline(error: BaseException, registry: "Registry") -> str | None:
    """One line that heads the traceback of an error: the plugin, the component with its place in the spec, the player.

    Args:
        error: The error.
        registry: The plugins.

    Returns:
        The line; None if it was raised in no plugin's code and of no component.
    """
    origin = find_origin(error)
    plugin = None if origin.component is None else registry.plugin_of_component(type(origin.component))
    plugin = registry.plugin_of(error) or plugin
    if plugin is None and origin.component is None:
        return None
    parts = [f"a bug in {plugin}" if plugin is not None else "a bug in this program"]
    if origin.component is not None and origin.place is not None:
        kind = type(origin.component).kind
        parts.append(f"the {kind} {origin.component.name()} at {show_place(origin.place)}")
    if origin.player is not None:
        parts.append(f"in the update of the {origin.player}")
    if origin.step is not None:
        parts.append(f"step {origin.step + 1}")
    return ", ".join(parts)


def owner(error: BaseException, registry: "Registry") -> str | None:
    """The plugin whose component breaks its contract, or cannot use its data; None where no line names it."""
    component = error.component if isinstance(error, ContractError) else find_origin(error).component
    if component is None or (isinstance(error, DataError) and registry.is_own(type(component))):
        return None
    return registry.origin(type(component))


def find_origin(error: BaseException) -> Origin:
    """The innermost component of the spec in whose code an error was raised, and the player whose update it was.

    Args:
        error: An error that was raised.
    """
    frames = list(_frames(error.__traceback__))
    spec = next((value for frame in frames for value in frame.values() if isinstance(value, Spec)), None)
    owners = [frame.get("self") for frame in frames]
    trainings = [each for each in owners if isinstance(each, Training)]
    # Of an object whose __init__ has raised an attribute may be missing.
    games = [getattr(each, "game", None) for each in reversed(owners) if isinstance(each, Training | Update)]
    game = next((each for each in games if each is not None), None)
    player = next((each.name for each in reversed(owners) if isinstance(each, Player)), None)
    found = next((each for frame in reversed(frames) if (each := _of_frame(frame, spec, game)) is not None), None)
    component, place = (None, None) if found is None else found
    return Origin(component, place, player, trainings[-1].step if player is not None and trainings else None)


def _frames(traceback: TracebackType | None) -> Iterator[Mapping[str, object]]:
    """The local variables of each frame, the outermost first."""
    while traceback is not None:
        yield traceback.tb_frame.f_locals
        traceback = traceback.tb_next


def _of_frame(frame: Mapping[str, object], spec: Spec | None, game: Game | None) -> tuple[Component, Place] | None:
    """The component whose code a frame is, and its place in the spec."""
    if spec is None:
        return None
    this, key = frame.get("self"), frame.get("key")
    for place, component in spec.components():
        if component is this:
            return component, place
    if isinstance(this, Update) and isinstance(key, str):  # it has called a term
        return _at(_term(spec, key), spec)
    if game is None:
        return None
    name = next((name for name, module in game.named_modules() if module is this), "")
    return _at(_place_of(name, spec, game), spec)


def _place_of(name: str, spec: Spec, game: Game) -> Place | None:
    """The place in a spec of what a module of a game belongs to."""
    for part, place in PARTS.items():
        if name == part or name.startswith(f"{part}."):
            return place
    for key in game.terms:
        if name == f"terms.{key}" or name.startswith(f"terms.{key}."):
            return _term(spec, key)
    for latent in game.latents:
        module = game.latents[latent]
        if any(each is game.get_submodule(name) for each in module.modules()):
            return ("latents", latent)
    for index, part_module in enumerate(game.discriminator.augment.parts):
        if any(each is game.get_submodule(name) for each in part_module.modules()):
            return ("discriminator", "augment", index)
    return None


def _term(spec: Spec, key: str) -> Place | None:
    keys = list(spec.losses_by_key())
    return ("losses", keys.index(key)) if key in keys else None


def _at(place: Place | None, spec: Spec) -> tuple[Component, Place] | None:
    return next(((part, place) for where, part in spec.components() if where == place), None) if place else None
