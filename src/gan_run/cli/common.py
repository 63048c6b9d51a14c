"""What all verbs have in common: which plugins they work with, and how errors are shown."""

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

if TYPE_CHECKING:
    from gan_run.registry.plugins import Registry

P = ParamSpec("P")

USER_ERROR = 2
TRAINING_FAILED = 1


@dataclass(frozen=True)
class Plugins:
    """Which plugins a verb is to work with."""

    blocked: tuple[str, ...]
    files: tuple[Path, ...]

    def load(self) -> "Registry":
        """All that is installed but those blocked, and those in files. Raises PluginError."""
        from gan_run.registry.plugins import load_plugins

        return load_plugins(self.blocked, files=self.files)

    def options(self) -> list[str]:
        """What says so on a command line."""
        blocked = [text for name in self.blocked for text in ("-p", f"no:{name}")]
        return [*blocked, *(text for file in self.files for text in ("--plugin", str(file)))]


def with_plugins(function: Callable[Concatenate[Plugins, P], None]) -> Callable[..., None]:
    """A command whose first argument is the plugins to work with. Errors are a line or two, and exit code 2."""

    @click.option(
        "-p", "blocked", multiple=True, metavar="no:NAME", callback=_blocked, help="Do without a plugin (repeatable)."
    )
    @click.option(
        "--plugin",
        "files",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE.py",
        help="Use a plugin that is not installed (repeatable).",
    )
    @click.option("--traceback", is_flag=True, help="Show where in the program an error came from.")
    @functools.wraps(function)
    def wrapped(
        blocked: tuple[str, ...], files: tuple[Path, ...], traceback: bool, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        try:
            function(Plugins(blocked, files), *args, **kwargs)
        except ValueError as error:
            if traceback:
                raise
            click.echo(f"error: {error}", err=True)
            sys.exit(TRAINING_FAILED if type(error).__name__ == "TrainingError" else USER_ERROR)

    return wrapped


def _blocked(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for text in given:
        if not text.startswith("no:"):
            raise click.BadParameter(f"{text!r} is not of the form no:NAME", ctx, parameter)
    return tuple(text.removeprefix("no:") for text in given)


set_option = click.option(
    "--set", "overrides", multiple=True, metavar="PLACE=VALUE", help="Override a field: train.steps=100 (repeatable)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
