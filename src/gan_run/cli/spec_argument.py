"""The argument SPEC: the file of a spec, `-` for standard input, or the name of a recipe."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from gan_run.core.base.errors import nearest
from gan_run.core.base.files import exists

Command = TypeVar("Command", bound=Callable[..., object])

STANDARD_INPUT = Path("-")


class SpecPath(click.Path):
    """A file, `-`, or what `names_recipe`, all as paths."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if names_recipe(value):
            return Path(value)
        if str(value) != str(STANDARD_INPUT) and not exists(value) and (near := nearest(str(value), spec_names())):
            self.fail(f"there is no file and no recipe {str(value)!r}; did you mean {near!r}?", param, ctx)
        return super().convert(value, param, ctx)


def names_recipe(given: str | os.PathLike[str]) -> bool:
    """Whether it is the name of a recipe, which a file of this name hides."""
    from gan_run.registry.recipes import recipes

    return str(given) in recipes() and not exists(given)


def spec_names() -> list[str]:
    """The files here that may be specs, and the recipes."""
    from gan_run.registry.recipes import recipes
    from gan_run.registry.spec_files import FORMATS

    return [*(str(path) for path in Path().iterdir() if path.suffix in FORMATS and exists(path)), *recipes()]


def spec_argument(required: bool = True) -> Callable[[Command], Command]:
    """The argument SPEC of a command, which gives it to `given_spec`."""
    file = SpecPath(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
    return click.argument("spec", type=file, required=required)


def given_spec(spec: Path) -> Path | Mapping[str, object]:
    """What `gan_run.read_spec` takes. Paths of a recipe, or of a spec from standard input, are relative to the current
    folder. Raises SpecError with the line and column of a mistake."""
    if names_recipe(spec):
        return {"extends": str(spec)}
    if spec != STANDARD_INPUT:
        return spec
    from gan_run.registry.spec_files import read_stream

    return read_stream(sys.stdin.buffer, "standard input")
