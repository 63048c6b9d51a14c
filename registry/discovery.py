"""Finds plugins: those of installed distributions, and single files."""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path

from gan_run.core.base.errors import PluginError

GROUP = "gan_run"
"""The entry points of plugins: modules with components and hooks."""
COMMANDS = "gan_run.commands"
"""The entry points of click commands that plugins add to `gan-run`, by the command's name."""
DIGEST = "sha256:"
"""Begins the version of a plugin that is a file."""
OWN = "gan-run"
"""The distribution whose components have precedence where another one has a component of the same name."""
UNKNOWN = "unknown"


@dataclass(frozen=True)
class PluginOrigin:
    """A plugin before it is imported.

    Attributes:
        load: Imports it.
    """

    name: str
    distribution: str
    version: str
    load: Callable[[], object]


def installed(found: Iterable[EntryPoint] | None = None, group: str = GROUP) -> Iterator[PluginOrigin]:
    """Every plugin, or entry point of another group, that an installed distribution declares, by name."""
    points = sorted(entry_points(group=group) if found is None else found, key=lambda point: point.name)
    # Once for each distribution: importlib.metadata reads and parses a file whenever it is asked.
    known = {dist: _name_and_version(dist) for dist in {point.dist for point in points} if dist}
    for point in points:
        name, version = known[point.dist] if point.dist else (UNKNOWN, UNKNOWN)
        yield PluginOrigin(point.name, name, version, point.load)


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    """What a distribution says of itself, as far as its metadata can be read."""
    try:
        metadata = distribution.metadata
        return str(metadata["Name"] or UNKNOWN), str(metadata["Version"] or UNKNOWN)
    except Exception:  # a damaged one must not hide the others
        return UNKNOWN, UNKNOWN


def from_file(path: Path) -> PluginOrigin:
    """A plugin that is one file. Its distribution is the file's name, its version a digest of the content. Raises
    PluginError if the file cannot be read."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PluginError(f"{path}: {error.strerror}") from None
    return PluginOrigin(path.stem, path.name, f"{DIGEST}{digest}", lambda: _execute(path))


def module_name(path: Path) -> str:
    """The name under which a plugin file is imported."""
    return f"gan_run_local_{path.stem}"


def _execute(path: Path) -> object:
    name = module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("a plugin is a Python file: NAME.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks names up in a class's module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
