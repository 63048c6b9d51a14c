"""What all commands share: the choice of plugins, and how errors and warnings are shown."""

import functools
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, NoReturn, ParamSpec, TextIO

import click

from gan_run.cli.completion import complete_run, runs_near
from gan_run.cli.streams import printing_to_stderr
from gan_run.core.base.errors import DataError, GanRunError, PluginError, TrainingError, nearest
from gan_run.core.base.files import exists
from gan_run.core.base.system_errors import what_happened

if TYPE_CHECKING:
    from gan_run.registry.plugins import Plugin, Registry

P = ParamSpec("P")

USER_ERROR = 2
TRAINING_FAILED = 1


@dataclass(frozen=True)
class Plugins:
    """The choice of plugins on a command line."""

    blocked: tuple[str, ...]
    files: tuple[Path, ...]

    @cached_property
    def registry(self) -> "Registry":
        """All installed plugins but those blocked, and those in files. Raises PluginError."""
        from gan_run.registry.plugins import load_plugins

        with printing_to_stderr():
            return load_plugins(self.blocked, files=self.files)

    def head(self, error: Exception) -> None:
        """Name the plugin and the component in whose code an unexpected error was raised, above its traceback."""
        if "registry" not in vars(self):
            return
        from gan_run.error_origin import headline

        if (line := headline(error, self.registry)) is not None:
            click.echo(f"error: {line}", err=True)
        if (plugin := self.registry.plugin_of(error)) is not None:
            error.add_note(f"This was raised in {plugin}.")

    def origin(self, error: Exception) -> "Plugin | None":
        """The plugin in whose code an error was raised, one of gan-run's own too; None for code that is in none."""
        return self.registry.plugin_of(error) if "registry" in vars(self) else None

    def owner(self, error: GanRunError) -> str:
        """The beginning of the message where a component breaks its contract: its plugin; else nothing."""
        if "registry" not in vars(self) or not isinstance(error, PluginError | DataError):
            return ""
        from gan_run.error_origin import owner

        plugin = owner(error, self.registry)
        return f"{plugin}: " if plugin else ""


def _blocked(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for text in given:
        if not text.startswith("no:"):
            raise click.BadParameter(f"{text!r} is not of the form no:NAME", ctx, parameter)
    return tuple(text.removeprefix("no:") for text in given)


block_option = click.option(
    "-p",
    "blocked",
    multiple=True,
    metavar="no:NAME",
    is_eager=True,  # before --help, which lists the commands of plugins
    callback=_blocked,
    help="Leave out a plugin (repeatable).",
)


def show_error(error: GanRunError, owner: str = "") -> NoReturn:
    """Show a mistake of the user's, or of the owner of a component, in a line or two, and exit."""
    click.echo(f"error: {owner}{error}", err=True)
    sys.exit(TRAINING_FAILED if isinstance(error, TrainingError) else USER_ERROR)


def with_plugins(function: Callable[Concatenate[Plugins, P], None]) -> Callable[..., None]:
    """A command whose first argument is the choice of plugins.

    A GanRunError is the user's to mend: it is shown in a line or two, and the exit code is 2 (1 if training failed).
    So is an error of the system, such as a full disk. Any other exception is a bug of gan-run or of a plugin: a line
    names the plugin and the component, its traceback follows, and the exit code is 1.
    """

    @block_option
    @click.option(
        "--plugin",
        "files",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE.py",
        help="Use a plugin that is not installed (repeatable).",
    )
    @click.option("--traceback", is_flag=True, help="Show the traceback of every error.")
    @functools.wraps(function)
    def wrapped(
        blocked: tuple[str, ...], files: tuple[Path, ...], traceback: bool, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        plugins = Plugins((*(click.get_current_context().obj or ()), *blocked), files)
        try:
            with warnings.catch_warnings(), _answers(bool(kwargs.get("as_json"))):
                warnings.showwarning = _show_warning
                function(plugins, *args, **kwargs)
        except GanRunError as error:
            if traceback:
                raise
            show_error(error, plugins.owner(error))
        except OSError as error:
            if traceback or error.errno is None:
                plugins.head(error)
                raise
            from gan_run.registry.discovery import OWN

            origin = plugins.origin(error)
            added = origin is not None and origin.distribution != OWN
            show_error(GanRunError(what_happened(error) + (f" (raised in {origin})" if added else "")))
        except Exception as error:
            plugins.head(error)
            raise

    return wrapped


ANSWERS = "gan_run.answers"
"""Where a context keeps the stream of the command's answer."""


@contextmanager
def _answers(as_json: bool) -> Iterator[None]:
    """A context in which what anybody prints goes to standard error if a program reads standard output."""
    if not as_json:
        yield
        return
    click.get_current_context().meta[ANSWERS] = sys.stdout
    with redirect_stdout(sys.stderr):
        yield


def echo_json(content: object, *, ensure_ascii: bool = True) -> None:
    """Print the answer to --json.

    Args:
        content: What JSON has.
        ensure_ascii: Whether other letters are written as escapes.
    """
    answer(json.dumps(content, indent=2, ensure_ascii=ensure_ascii))


def answer(text: str) -> None:
    """Print an answer to --json that is text already."""
    click.echo(text, file=click.get_current_context().meta.get(ANSWERS))


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """In one line: the place in the source says nothing to a user."""
    click.echo(f"warning: {message}", err=True)


set_option = click.option(
    "--set", "overrides", multiple=True, metavar="PLACE=VALUE", help="Override a field: train.steps=100 (repeatable)."
)


class RunPath(click.Path):
    """A folder that exists; a name that is nearly that of a run is answered with it."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False, path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if not exists(value) and (near := nearest(str(value), runs_near(str(value)))):
            self.fail(f"there is no folder {str(value)!r}; did you mean {near!r}?", param, ctx)
        return super().convert(value, param, ctx)


run_folder = RunPath()
run_argument = click.argument("run", type=run_folder, shell_complete=complete_run)
runs_argument = click.argument(
    "runs", type=run_folder, nargs=-1, required=True, metavar="RUN…", shell_complete=complete_run
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
