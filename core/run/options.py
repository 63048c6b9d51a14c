"""How a run is trained, as one object that is passed unchanged from the caller to the engine."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from gan_run.core.base.errors import GanRunError, Place, PluginError, show_place
from gan_run.core.base.signals import Signals
from gan_run.core.kinds.callback import Callback, DeclaredCallback
from gan_run.core.kinds.component import Catalogue, Component
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.dispatcher import DeclaredAt
from gan_run.core.run.run_folder import RunFolder


class Plugins(Protocol):
    """What a run needs of the installed plugins. The registry implements it."""

    @property
    def catalogue(self) -> Catalogue:
        """The components that a spec may name."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The plugins that are single files: a run keeps copies of them."""
        ...

    def files_of(self, components: Iterable[Component]) -> set[Path]:
        """Those of `files` that some of these components come from."""
        ...

    def versions(self) -> dict[str, str]:
        """The version of each distribution."""
        ...

    def origin(self, component: type[Component]) -> str:
        """The plugin that provides a component, for messages."""
        ...

    def callbacks(self) -> list[Callback]:
        """The lifecycle hooks of the plugins, as one callback per plugin."""
        ...

    def recorded_spec(self, content: Mapping[str, object], folder: Path) -> Spec:
        """The spec in a run's spec.json, read by the component classes of today."""
        ...

    def command_line(self) -> list[str]:
        """The command line options that load these plugins in another process."""
        ...

    def with_components(self, components: Collection[type[Component]]) -> Self:
        """These, and classes that no plugin provides."""
        ...


def never() -> bool:
    """The `stop` of a run that is never asked to stop."""
    return False


NO_SIGNALS = Signals()
"""Of a program that handles signals itself, or not at all."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is trained. Nothing here decides its weights.

    Attributes:
        fresh: Move an earlier run of the same name aside and start again from step 0.
        any_processes: Accept a run that was trained by another number of processes so far.
        callbacks: Receive the run's events, after the plugins' hooks and the spec's callbacks.
        stop: Called after every step, after `step_logged`. When it returns True a checkpoint is saved and `Stopped` is
            raised.
        notify: Receives one-line messages for the user: which folder is used, what is resumed, what differs.
        progress: Show the progress: a bar on a terminal or in a notebook, else a line for each logged step on standard
            error.
        registry: The plugins, as `load_plugins` returns them; None loads all that are installed.
        components: Component classes that no plugin provides.
        signals: Those that the program receives; the command line, and `gan_run.train` for Ctrl-C, give them.
        begun: When the command began, by `time.monotonic`: the time of `train.for` is counted from here; None for the
            call of `train`.
    """

    fresh: bool = False
    any_processes: bool = False
    callbacks: Sequence[Callback] = ()
    stop: Callable[[], bool] = never
    notify: Callable[[str], None] = print
    progress: bool = True
    registry: Plugins | None = None
    components: Collection[type[Component]] = ()
    signals: Signals = NO_SIGNALS
    begun: float | None = None

    def __post_init__(self) -> None:
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise GanRunError(f"callbacks: {callback!r} is no instance of a subclass of Callback")

    def plugins(self) -> Plugins:
        """The registry, which the entry points of the API fill in before the engine sees these options."""
        assert self.registry is not None, "runs.py resolves the registry"
        return self.registry

    def all_callbacks(self, spec: Spec) -> list[Callback]:
        """All that receive the run's events: the plugins' hooks, the spec's callbacks, and those given here.

        Raises:
            PluginError: A declared callback does not build one.
        """
        declared = [self._built(callback, index) for index, callback in enumerate(spec.callbacks)]
        return [*self.plugins().callbacks(), *declared, *self.callbacks]

    def name(self, component: Component, place: Place) -> str:
        """A component of a spec for messages: its place, its type and its plugin."""
        return f"{show_place(place)} ({component.name()} of {self.plugins().origin(type(component))})"

    def is_asked_to_stop(self) -> bool:
        """Whether `stop` says so, or a signal was received."""
        return self.stop() or bool(self.signals.received)

    def _built(self, declared: DeclaredCallback, index: int) -> DeclaredAt:
        built: object = declared.build()
        if not isinstance(built, Callback):
            raise PluginError(
                f"{self.name(declared, ('callbacks', index))} builds a {type(built).__name__}, and no Callback"
            )
        return DeclaredAt(built, f"callbacks[{index}], of {self.plugins().origin(type(declared))}")

    def recorded_spec(self, folder: RunFolder) -> Spec:
        """The spec that the run in `folder` was last trained with. Raises RunError or SpecError."""
        return self.plugins().recorded_spec(folder.spec(), folder.path)


DEFAULT_OPTIONS = RunOptions()
