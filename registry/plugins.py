"""Finds and loads plugins, each by itself: a broken plugin affects only the specs that use it."""

import copy
import inspect
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from itertools import islice
from pathlib import Path
from types import ModuleType, TracebackType

import pluggy

from gan_run.core.base.errors import PluginError, describe_error, suggest
from gan_run.core.kinds.callback import Callback
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.events import Event
from gan_run.core.kinds.spec import Spec
from gan_run.registry import hookspecs
from gan_run.registry.catalogue import Catalogue, Entry, shown_version
from gan_run.registry.containment import contained
from gan_run.registry.discovery import OWN, PluginOrigin, from_file, installed, module_name
from gan_run.registry.missing import LenientCatalogue
from gan_run.registry.spec_loading import read_recorded_spec

MOST = 10_000
"""Components of one plugin; an endless list would never be read."""
HOOKS = tuple(name for name in dir(hookspecs) if name.startswith(hookspecs.PREFIX))
DISCOVERY = "gan_run_components"
"""The hook that is called when a plugin is loaded; the others receive events."""


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found, loaded or not.

    Attributes:
        seconds: How long its import took.
        components: Its components as kind:name.
        hooks: The hooks that receive a run's events.
        error: Why it could not be loaded; None if it was.
    """

    name: str
    distribution: str
    version: str
    seconds: float = 0.0
    components: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    error: str | None = None

    @property
    def key(self) -> str:
        """Its name in pluggy: two distributions may have used one entry-point name."""
        return f"{self.distribution}:{self.name}"

    def __str__(self) -> str:
        return f"the plugin {self.name} ({self.distribution} {shown_version(self.version)})"


@dataclass(frozen=True)
class Registry:
    """Everything that is installed.

    Attributes:
        files: The plugins that are single files.
        blocked: The names of plugins that were left out.
    """

    catalogue: Catalogue
    plugins: tuple[Plugin, ...]
    manager: pluggy.PluginManager
    files: tuple[Path, ...] = ()
    blocked: tuple[str, ...] = ()

    def versions(self) -> dict[str, str]:
        """The version of every distribution that a loaded plugin came from."""
        return {plugin.distribution: plugin.version for plugin in self.plugins if plugin.error is None}

    def with_components(self, components: Collection[type[Component]]) -> "Registry":
        """This registry, and classes that no plugin provides. Raises PluginError for what is no component."""
        catalogue = copy.deepcopy(self.catalogue)
        for component in components:
            if catalogue.has(component):
                continue
            try:
                catalogue.add(Entry(_checked(component), component.__module__, "this program", "unknown"))
            except (TypeError, ValueError) as error:
                raise PluginError(str(error)) from None
        return replace(self, catalogue=catalogue)

    def files_of(self, components: Iterable[Component]) -> set[Path]:
        """Those of `files` that some of these components come from."""
        by_module = {module_name(file): file for file in self.files}
        modules = {type(component).__module__ for component in components}
        return {file for name, file in by_module.items() if name in modules}

    def origin(self, component: type[Component]) -> str:
        """The plugin that provides a component, for messages."""
        entry = self.catalogue.entry_of(component)
        return "this program" if entry is None else str(entry)

    def is_own(self, component: type[Component]) -> bool:
        """Whether a component is one of gan-run's own."""
        entry = self.catalogue.entry_of(component)
        return entry is not None and entry.distribution == OWN

    def callbacks(self) -> list[Callback]:
        """The hooks of each plugin that has any, in the order in which plugins were loaded."""
        return [PluginHooks(plugin, self.manager) for plugin in self.plugins if plugin.hooks]

    def recorded_spec(self, content: Mapping[str, object], folder: Path) -> Spec:
        """The spec in a run's spec.json. What a model can be loaded without may be missing; see missing.py.

        Raises:
            SpecError: A mistake, or a latent, network or loss that is not installed.
        """
        return read_recorded_spec(content, LenientCatalogue(self.catalogue), folder, str(folder / "spec.json"))

    def command_line(self) -> list[str]:
        """The command line options that load these plugins in another process."""
        blocked = [text for name in self.blocked for text in ("-p", f"no:{name}")]
        return [*blocked, *(text for file in self.files for text in ("--plugin", str(file)))]

    def plugin_of_component(self, component: type[Component]) -> Plugin | None:
        """The plugin that provides a component."""
        entry = self.catalogue.entry_of(component)
        if entry is None:
            return None
        keys = (entry.plugin, entry.distribution)
        return next((plugin for plugin in self.plugins if (plugin.name, plugin.distribution) == keys), None)

    def plugin_of(self, error: BaseException) -> Plugin | None:
        """The plugin in whose code an error was raised: the innermost one in its traceback."""
        modules = {plugin: self.manager.get_plugin(plugin.key) for plugin in self.plugins if plugin.error is None}
        packages = {getattr(module, "__name__", ""): plugin for plugin, module in modules.items()}
        found = None
        frame: TracebackType | None = error.__traceback__
        while frame is not None:
            module = str(frame.tb_frame.f_globals.get("__name__", ""))
            for package, plugin in packages.items():
                if module == package or module.startswith(f"{package}."):
                    found = plugin
            frame = frame.tb_next
        return found


def load_plugins(
    blocked: Collection[str] = (), found: Iterable[EntryPoint] | None = None, files: Iterable[Path | str] = ()
) -> Registry:
    """Load the installed plugins.

    Args:
        blocked: Names of plugins that are not even imported.
        found: Entry points to use instead of the installed ones.
        files: Python files that are plugins without being installed.

    Returns:
        The plugins with their components and hooks, for `RunOptions`, `read_spec` and `load`.

    Raises:
        PluginError: One of `files` cannot be loaded. An installed plugin that cannot is listed with its error.
    """
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
    distinct = _distinct(map(Path, files))
    for path in distinct:
        plugin = _load(from_file(path), manager, catalogue)
        if plugin.error is not None:
            raise PluginError(f"{path}: {plugin.error}")
        if not plugin.components and not plugin.hooks:
            raise PluginError(f"{path} adds nothing: it needs a gan_run_components that returns its classes, or hooks")
        plugins.append(plugin)
    return Registry(catalogue, tuple(plugins), manager, tuple(distinct), tuple(blocked))


def _distinct(files: Iterable[Path]) -> list[Path]:
    """`files`, each once. Raises PluginError where two have one name, since a run keeps its files in one folder."""
    by_name: dict[str, Path] = {}
    for path in files:
        other = by_name.setdefault(path.name, path)
        if other.resolve() != path.resolve():
            raise PluginError(f"{path} and {other} have one name: rename one of these plugins")
    return list(by_name.values())


def _load(source: PluginOrigin, manager: pluggy.PluginManager, catalogue: Catalogue) -> Plugin:
    plugin = Plugin(source.name, source.distribution, source.version)
    begin = time.perf_counter()
    with contained() as interrupt:
        try:
            entries, hooks = _read(source, plugin, manager)
        except BaseException as error:  # whatever a stranger's module does, the others must be loaded
            if manager.has_plugin(plugin.key):
                manager.unregister(name=plugin.key)
            if interrupt.pressed:
                raise
            text = " ".join(describe_error(error).split())
            return replace(plugin, seconds=time.perf_counter() - begin, error=text)
    for entry in entries:
        catalogue.add(entry)
    names = tuple(f"{entry.component.kind}:{entry.component.name()}" for entry in entries)
    return replace(plugin, seconds=time.perf_counter() - begin, components=names, hooks=hooks)


def _read(source: PluginOrigin, plugin: Plugin, manager: pluggy.PluginManager) -> tuple[list[Entry], tuple[str, ...]]:
    """Import a plugin. Returns its components and its hooks; raises whatever is wrong with it."""
    module = source.load()
    if not isinstance(module, ModuleType):
        raise TypeError(f"its entry point names {type(module).__name__}, not a module")
    manager.register(module, name=plugin.key)
    _refuse_unknown_hooks(module)
    given = _only(manager, plugin.key, DISCOVERY)()
    components = [_checked(component) for several in given for component in _listed(several)]
    distinct = list(dict.fromkeys(components))
    named = Counter((component.kind, component.name()) for component in distinct)
    for (kind, name), count in named.items():
        if count > 1:
            raise ValueError(f"{count} of its components are called {kind}:{name}")
    entries = [Entry(component, source.name, source.distribution, source.version) for component in distinct]
    hooks = tuple(caller.name for caller in manager.get_hookcallers(module) or () if caller.name != DISCOVERY)
    return entries, hooks


def _listed(given: object) -> list[object]:
    """What `gan_run_components` returned, as a list. Raises TypeError or ValueError."""
    if inspect.iscoroutine(given):
        given.close()  # avoids the RuntimeWarning of a coroutine that was never awaited
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        raise TypeError(f"{DISCOVERY} returns a {type(given).__name__}, not a list of component classes")
    listed = list(islice(given, MOST + 1))
    if len(listed) > MOST:
        raise ValueError(f"{DISCOVERY} returns more than {MOST} component classes")
    return listed


def _only(manager: pluggy.PluginManager, key: str, hook: str) -> pluggy.HookCaller:
    """Calls a hook of one plugin: pluggy would stop at the first plugin that raises."""
    others = [plugin for name, plugin in manager.list_name_plugin() if name != key]
    return manager.subset_hook_caller(hook, remove_plugins=others)


def _refuse_unknown_hooks(module: object) -> None:
    # Only functions: a package called gan_run_acme may hold a module gan_run_acme.
    for name, _ in inspect.getmembers(module, inspect.isroutine):
        if name.startswith("gan_run_") and name not in HOOKS:
            raise ValueError(f"there is no hook called {name}{suggest(name, HOOKS)}")


def _own_kinds() -> list[type[Component]]:
    """The kinds of gan-run itself."""
    return [
        kind for kind in Component.__subclasses__() if kind.is_kind() and kind.__module__.startswith("gan_run.core.")
    ]


def _checked(component: object) -> type[Component]:
    if not inspect.isclass(component) or not issubclass(component, Component) or component.is_kind():
        raise TypeError(f"{component!r} is no component class")
    if not hasattr(component, "kind"):
        raise TypeError(f"{component.__name__} has no kind: derive it from Loss, Latent, …")
    ours = next((kind for kind in _own_kinds() if kind.kind == component.kind), None)
    if ours is not None and not issubclass(component, ours):
        raise TypeError(
            f"{component.__name__} says that it is a {component.kind}, and is not derived from {ours.__name__}"
        )
    if inspect.isabstract(component):
        missing = ", ".join(sorted(component.__abstractmethods__))
        raise TypeError(f"{component.__name__} does not define {missing}")
    field = component.model_fields.get("type")
    if field is None or not isinstance(field.default, str):
        raise TypeError(f'{component.__name__} has no name: give it `type: Literal["…"] = "…"`')
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", field.default):
        raise ValueError(f"{component.__name__} is called {field.default!r}: letters, digits, - and _ make a name")
    return component


class PluginHooks(Callback):
    """The hooks of one plugin."""

    def __init__(self, plugin: Plugin, manager: pluggy.PluginManager) -> None:
        self._plugin = plugin
        self._calls = {hook: _only(manager, plugin.key, hook) for hook in plugin.hooks}

    def title(self) -> str:
        return str(self._plugin)

    def handle(self, event: Event) -> None:
        call = self._calls.get(f"{hookspecs.PREFIX}{event.name}")
        if call is not None:
            call(event=event)
