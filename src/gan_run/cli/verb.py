"""What all verbs have in common: which plugins are blocked, and how errors are shown."""

import functools
import sys
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import click

P = ParamSpec("P")

USER_ERROR = 2
TRAINING_FAILED = 1


def verb(function: Callable[Concatenate[tuple[str, ...], P], None]) -> Callable[..., None]:
    """A verb whose first argument is the names of the blocked plugins. Errors are a line or two, and exit code 2."""

    @click.option(
        "-p", "blocked", multiple=True, metavar="no:NAME", callback=_blocked, help="Do without a plugin (repeatable)."
    )
    @click.option("--traceback", is_flag=True, help="Show where in the program an error came from.")
    @functools.wraps(function)
    def wrapped(blocked: tuple[str, ...], traceback: bool, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(blocked, *args, **kwargs)
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
