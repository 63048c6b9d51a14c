"""Finds and loads plugins, each on its own: one that is broken harms nobody who does not use it."""

import copy
import inspect
import re
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pluggy

from gan_run.core.base.errors import PluginError, suggest
from gan_run.core.kinds.component import Component
from gan_run.core.run.events import CheckpointSaved, Listener, RunEnded, RunStarted, StepLogged
from gan_run.registry import hookspecs
from gan_run.registry.catalogue import Catalogue, Entry
from gan_run.registry.discovery import PluginOrigin, from_file, installed

HOOKS = tuple(name for name in dir(hookspecs) if name.startswith("gan_run_"))


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found, loaded or not."""

    name: str
    distribution: str
    version: str
    seconds: float = 0.0
    """How long its import took."""
    components: tuple[str, ...] = ()
    """As kind:name."""
    error: str | None = None


@dataclass(frozen=True)
class Registry:
    """Everything that is installed."""

    catalogue: Catalogue
    plugins: tuple[Plugin, ...]
    manager: pluggy.PluginManager
    files: tuple[Path, ...] = ()
    """Of the plugins that are files."""

    def versions(self) -> dict[str, str]:
        """The version of every distribution that a plugin came from."""
        return {plugin.distribution: plugin.version for plugin in self.plugins if plugin.error is None}

    def with_components(self, components: Collection[type[Component]]) -> "Registry":
        """This, and classes that no plugin brings. Raises PluginError for what is no component."""
        catalogue = copy.deepcopy(self.catalogue)
        for component in components:
            if catalogue.has(component):
                continue
            try:
                catalogue.add(Entry(_checked(component), component.__module__, "this program", "unknown"))
            except (TypeError, ValueError) as error:
                raise PluginError(str(error)) from None
        return replace(self, catalogue=catalogue)

    def listener(self) -> Listener:
        """Tells the plugins' lifecycle hooks."""
        return _Hooks(self.manager)


def load_plugins(
    blocked: Collection[str] = (), found: Iterable[EntryPoint] | None = None, files: Collection[Path] = ()
) -> Registry:
    """Load every installed plugin but those `blocked`, which are not even imported; and those in `files`, which nobody
    needs to have installed. Raises PluginError if one of these cannot be loaded."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    catalogue = Catalogue()
    plugins = []
    for source in installed(found):
        if source.name not in blocked:
            plugin = _load(source, manager, catalogue)
            plugins.append(plugin)
            if plugin.error is not None:
                catalogue.broken[f"{plugin.name} ({plugin.distribution} {plugin.version})"] = plugin.error
    for path in files:
        plugin = _load(from_file(path), manager, catalogue)
        if plugin.error is not None:
            raise PluginError(f"{path}: {plugin.error}")
        if not plugin.components:
            raise PluginError(f"{path} adds nothing: it needs a gan_run_components that returns its classes")
        plugins.append(plugin)
    return Registry(catalogue, tuple(plugins), manager, tuple(files))


def _load(source: PluginOrigin, manager: pluggy.PluginManager, catalogue: Catalogue) -> Plugin:
    # Two distributions may have used one entry-point name.
    key = f"{source.distribution}:{source.name}"
    begin = time.perf_counter()
    try:
        module = source.load()
        manager.register(module, name=key)
        _refuse_unknown_hooks(module)
        others = [plugin for name, plugin in manager.list_name_plugin() if name != key]
        given = manager.subset_hook_caller("gan_run_components", remove_plugins=others)()
        components = [_checked(component) for several in given for component in several]
    except (Exception, SystemExit) as error:  # whatever a stranger's module does, the others must go on
        if manager.has_plugin(key):
            manager.unregister(name=key)
        seconds = time.perf_counter() - begin
        what = f"{type(error).__name__}: {error}"
        return Plugin(source.name, source.distribution, source.version, seconds, error=what)
    for component in components:
        catalogue.add(Entry(component, source.name, source.distribution, source.version))
    names = tuple(f"{component.kind}:{component.name()}" for component in components)
    return Plugin(source.name, source.distribution, source.version, time.perf_counter() - begin, names)


def _refuse_unknown_hooks(module: object) -> None:
    # Functions alone: a package called gan_run_acme may well hold a module gan_run_acme.
    for name, _ in inspect.getmembers(module, inspect.isroutine):
        if name.startswith("gan_run_") and name not in HOOKS:
            raise ValueError(f"there is no hook called {name}{suggest(name, HOOKS)}")


def _checked(component: object) -> type[Component]:
    if not inspect.isclass(component) or not issubclass(component, Component) or component.is_kind():
        raise TypeError(f"{component!r} is no component class")
    if not hasattr(component, "kind"):
        raise TypeError(f"{component.__name__} has no kind: derive it from Loss, Latent, …")
    if inspect.isabstract(component):
        missing = ", ".join(sorted(component.__abstractmethods__))
        raise TypeError(f"{component.__name__} does not define {missing}")
    field = component.model_fields.get("type")
    if field is None or not isinstance(field.default, str):
        raise TypeError(f'{component.__name__} has no name: give it `type: Literal["…"] = "…"`')
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", field.default):
        raise ValueError(f"{component.__name__} is called {field.default!r}: letters, digits, - and _ make a name")
    return component


class _Hooks(Listener):
    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._hook = manager.hook

    def run_started(self, event: RunStarted) -> None:
        self._hook.gan_run_run_started(event=event)

    def step_logged(self, event: StepLogged) -> None:
        self._hook.gan_run_step_logged(event=event)

    def checkpoint_saved(self, event: CheckpointSaved) -> None:
        self._hook.gan_run_checkpoint_saved(event=event)

    def run_ended(self, event: RunEnded) -> None:
        self._hook.gan_run_run_ended(event=event)
