"""Fields that hold a path: which folder it is relative to, and the environment variables in it."""

import os
from pathlib import Path
from string import Template
from typing import Annotated, Self

from pydantic import BeforeValidator, ValidationInfo

from gan_run.core.kinds.component import ValidationContext
from gan_run.core.kinds.declaration import mistake

DOLLAR = "a dollar sign itself is written as $$"


class AnchoredText(str):
    """Text with the folder that it is relative to as a path: it is from the command line, or from a base of a spec."""

    folder: Path

    def __new__(cls, text: str, folder: Path = Path()) -> Self:
        anchored = super().__new__(cls, text)
        anchored.folder = folder
        return anchored


def anchored(value: object, folder: Path) -> object:
    """A copy of `value` in which every text that has no folder yet is relative to `folder`."""
    if isinstance(value, str) and not isinstance(value, AnchoredText):
        return AnchoredText(value, folder)
    if isinstance(value, list):
        return [anchored(item, folder) for item in value]
    if isinstance(value, dict):
        return {key: anchored(item, folder) for key, item in value.items()}
    return value


def expand_variables(text: str) -> str:
    """Replace `${NAME}` and `$NAME` by environment variables, and `$$` by a dollar sign. Raises ValueError for a
    variable that is not set."""
    try:
        return Template(text).substitute(os.environ)
    except KeyError as error:
        raise ValueError(f"the environment variable {error.args[0]} is not set; {DOLLAR}") from None
    except ValueError:
        raise ValueError(f"a $ begins a variable, ${{NAME}}; {DOLLAR}") from None


def expand_home(path: Path) -> Path:
    """Replace `~` and `~USER` at its beginning by a home folder. Raises ValueError where there is none."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"{path.parts[0]} is no home folder: there is no such user") from None


LONGEST = 4095
"""Bytes of a path that systems take."""
LONGEST_STEP = 255
"""Bytes of a file's or folder's name that file systems take."""


def _absolute(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, (str, Path)):
        return value
    context = info.context if isinstance(info.context, ValidationContext) else None
    folder = context.folder if context else Path.cwd()
    # What a run recorded is a path, in which a dollar sign is one.
    literal = isinstance(value, Path) or (context is not None and context.recorded)
    if isinstance(value, AnchoredText):
        folder, literal = value.folder, False
    try:
        text = str(value) if literal else expand_variables(str(value))
        return folder / expand_home(_usable(text))
    except ValueError as error:
        raise mistake("path", (), str(error), value) from None


def _usable(text: str) -> Path:
    """Raises ValueError for a text that no file or folder can be called."""
    if not text.strip():
        raise ValueError("an empty text is no file and no folder")
    if "\0" in text:
        raise ValueError("no file or folder has a character of code 0 in its name")
    path = Path(text)
    if len(os.fsencode(text)) > LONGEST:
        raise ValueError(f"{text[:20]}… is longer than a path can be, {LONGEST} bytes")
    if long := next((step for step in path.parts if len(os.fsencode(step)) > LONGEST_STEP), None):
        raise ValueError(f"{long[:20]}… is longer than the name of a file or folder can be, {LONGEST_STEP} bytes")
    return path


SpecPath = Annotated[Path, BeforeValidator(_absolute)]
"""The type of a field that holds a path: relative to the folder of the file that gives it, or to the current folder if
given by `--set`. `~` and environment variables, `${DATA}/mnist`, are replaced when a spec is read.
"""
