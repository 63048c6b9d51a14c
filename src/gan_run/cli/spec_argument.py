"""The argument SPEC: the file of a spec, or `-` for standard input."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])

STANDARD_INPUT = Path("-")


def spec_argument(required: bool = True) -> Callable[[Command], Command]:
    """The argument SPEC of a command, which gives it to `given_spec`."""
    file = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
    return click.argument("spec", type=file, required=required)


def given_spec(spec: Path) -> Path | Mapping[str, object]:
    """What `gan_run.read_spec` takes. Paths of a spec from standard input are relative to the current folder. Raises
    SpecError with the line and column of a mistake."""
    if spec != STANDARD_INPUT:
        return spec
    from gan_run.registry.spec_files import read_content

    return read_content(sys.stdin.buffer.read(), "standard input")
