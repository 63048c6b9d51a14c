"""Commands that plugins add. They are listed by their entry points alone: a plugin is imported when its command is
called.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from gan_run.core.base.errors import PluginError

if TYPE_CHECKING:
    from gan_run.registry.discovery import PluginOrigin


@dataclass(frozen=True)
class PluginCommand:
    """A command that a plugin adds.

    Attributes:
        problem: Why it cannot be called; None if it can be, as far as its entry point tells.
    """

    origin: "PluginOrigin"
    problem: str | None

    @property
    def about(self) -> str:
        """One line for the help."""
        source = f"from {self.origin.distribution} {self.origin.version}"
        return source if self.problem is None else f"{source}: left out, {self.problem}"

    @property
    def status(self) -> str:
        """One line for the list of plugins."""
        return "command" if self.problem is None else f"ERROR {self.problem}"

    def load(self) -> click.Command:
        """Import it. Raises PluginError if it cannot be called."""
        title = f"the command {self.origin.name} of {self.origin.distribution} {self.origin.version}"
        if self.problem is not None:
            raise PluginError(f"{title} is left out: {self.problem}")
        try:
            command = self.origin.load()
        except (Exception, SystemExit) as error:  # whatever a stranger's module does
            raise PluginError(f"{title} cannot be loaded: {type(error).__name__}: {error}") from error
        if not isinstance(command, click.Command):
            raise PluginError(f"{title} is no click command: its entry point names a {type(command).__name__}")
        return command


def plugin_commands(taken: Collection[str], blocked: Collection[str]) -> Iterator[PluginCommand]:
    """The commands of the installed plugins, by name.

    Args:
        taken: The names of gan-run's own commands.
        blocked: The names of plugins that were left out.
    """
    # importlib.metadata takes as long to import as click, and gan-run's own commands are found without it.
    from gan_run.registry.discovery import COMMANDS, installed

    origins = [origin for origin in installed(group=COMMANDS) if origin.name not in blocked]
    for origin in origins:
        others = [other.distribution for other in origins if other.name == origin.name and other is not origin]
        if origin.name in taken:
            yield PluginCommand(origin, "gan-run has a command of this name")
        else:
            yield PluginCommand(origin, f"{', '.join(others)} has one of this name too" if others else None)
