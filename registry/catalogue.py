"""The components that are installed, by kind and name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gan_run.core.base.errors import NotFoundByName, nearest, shorten, suggest
from gan_run.core.kinds.component import Component
from gan_run.registry.discovery import DIGEST, OWN

LONGEST_NAME = 100
"""Characters of an unknown name that are shown."""


def shown_version(version: str) -> str:
    """A version in a message: of a file the beginning of its digest."""
    return version[: len(DIGEST) + 12] if version.startswith(DIGEST) else version


@dataclass(frozen=True)
class Entry:
    """One component, and the plugin and distribution that provide it."""

    component: type[Component]
    plugin: str
    distribution: str
    version: str

    def __str__(self) -> str:
        if self.distribution == "this program":
            return "this program"
        return f"the plugin {self.plugin} ({self.distribution} {shown_version(self.version)})"


@dataclass
class Catalogue:
    """Finds components by their name in a spec: `hinge`, or `acme:hinge` where two distributions have one."""

    broken: dict[str, str] = field(default_factory=dict)
    """Why each plugin that could not be loaded failed, for messages about a missing component."""
    _entries: dict[str, dict[str, list[Entry]]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        kind = self._entries.setdefault(entry.component.kind, {})
        kind.setdefault(entry.component.name(), []).append(entry)

    def has(self, component: type[Component]) -> bool:
        """Whether this class is in the catalogue."""
        return self.entry_of(component) is not None

    def entry_of(self, component: type[Component]) -> Entry | None:
        """Where a class is from; None where it is not in the catalogue."""
        entries = (entry for kind in self.kinds() for _, entry in self.named(kind))
        return next((entry for entry in entries if entry.component is component), None)

    def find(self, kind: str, name: str) -> type[Component]:
        """The component called `name`. Raises NotFoundByName if there is none or several."""
        return self.entry(kind, name).component

    def entry(self, kind: str, name: str) -> Entry:
        """The component called `name`, and where it is from. Raises as `find`."""
        distribution, _, bare = name.rpartition(":")
        found = self._entries.get(kind, {}).get(bare, [])
        if distribution:
            found = [entry for entry in found if entry.distribution == distribution]
        if (chosen := _by_bare_name(found)) is not None:
            return chosen
        if found:
            owners = " or ".join(f"{entry.distribution}:{bare}" for entry in found)
            raise NotFoundByName(f"{name!r} is claimed by several plugins: choose {owners}")
        causes = "".join(f"; plugin {plugin} could not be loaded: {cause}" for plugin, cause in self.broken.items())
        names = self.names(kind)
        file = "" if nearest(name, names) else "; one in a file needs --plugin FILE.py, a class components=[…]"
        raise NotFoundByName(f"no {kind} is called {shorten(name, LONGEST_NAME)!r}{suggest(name, names)}{file}{causes}")

    def kinds(self) -> list[str]:
        return sorted(self._entries)

    def names(self, kind: str) -> list[str]:
        """The names that a spec may give as `type`, with the distribution where the name alone is ambiguous."""
        return sorted(name for name, _ in self.named(kind))

    def named(self, kind: str) -> Iterator[tuple[str, Entry]]:
        """Every component of a kind, with the name that selects it."""
        for name, entries in self._entries.get(kind, {}).items():
            for entry in entries:
                yield (name if entry is _by_bare_name(entries) else f"{entry.distribution}:{name}"), entry


def _by_bare_name(entries: Sequence[Entry]) -> Entry | None:
    """Which of the components of one name it chooses; None if none or none alone.

    What is installed beside gan-run takes no name away from specs that were written before. A file that is given with
    a command is meant, so that its names are not passed over.
    """
    own = [entry for entry in entries if entry.distribution == OWN]
    from_file = any(entry.version.startswith(DIGEST) for entry in entries)
    chosen = own if own and not from_file else entries
    return chosen[0] if len(chosen) == 1 else None
