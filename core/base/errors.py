"""What a user can get wrong, as exceptions. Everything here is a `ValueError`; our own mistakes are `assert`s."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class GanRunError(ValueError):
    """Base of every error that tells the user what to change. The command line prints it and exits with 2."""


class DataError(GanRunError):
    """The data a spec names is absent, damaged or of the wrong shape."""


class RunError(GanRunError):
    """A run folder or a checkpoint cannot be used as asked."""


class TrainingError(GanRunError):
    """Training cannot go on: a loss or a weight is no longer finite."""


class PluginError(GanRunError):
    """A plugin that was asked for cannot be loaded."""


class NotFoundByName(GanRunError):
    """A name that nothing answers to."""


class CodeError(GanRunError):
    """A code has no such value, or a name of a code or category cannot be used."""


Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One mistake in a spec: where it is and what to do about it."""

    place: Place
    message: str

    def within(self, *outer: str | int) -> "Problem":
        """The same problem seen from further out."""
        return Problem((*outer, *self.place), self.message)

    def __str__(self) -> str:
        return f"{show_place(self.place)}: {self.message}" if self.place else self.message


class SpecError(GanRunError):
    """One or more mistakes in a spec."""

    def __init__(self, problems: Iterable[Problem], source: str = "spec") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join([f"{source}: {len(self.problems)} problem(s)", *(f"  {p}" for p in self.problems)]))


def show_place(place: Place) -> str:
    """`("losses", 1, "codes", "c3")` as `losses[1].codes.c3`."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def suggest(name: str, names: Iterable[str]) -> str:
    """The tail of an error about an unknown name: the nearest valid one, then all of them."""
    valid = sorted(names)
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} (there is: {', '.join(valid) or 'nothing'})"
