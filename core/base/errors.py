"""Errors of the user, all of them subclasses of `ValueError`. A mistake in gan-run itself is an `assert`."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but the line feed, and bytes of file names that are no UTF-8."""


def printable(text: str) -> str:
    """`text` with escapes, such as \\x1b, in place of what a terminal would obey, or could not show."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


class GanRunError(ValueError):
    """Base of every error that says what the user can change. The command line prints it and exits with 2."""

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(message))


class DataError(GanRunError):
    """The data that a spec names is absent, damaged or of the wrong shape."""


class UnreadableError(DataError):
    """A file cannot be read or decoded: it is damaged, or not what it is taken for."""


class RunError(GanRunError):
    """A run folder or a checkpoint cannot be used."""


class TrainingError(GanRunError):
    """Training cannot continue: a loss or a weight is not finite.

    Attributes:
        step: The step at which it was seen first.
        what: The loss or the weights.
    """

    def __init__(self, message: str, step: int = 0, what: str = "") -> None:
        super().__init__(message)
        self.step = step
        self.what = what


class PluginError(GanRunError):
    """A plugin cannot be loaded, or one of its components breaks its contract."""


class NotFoundByName(GanRunError):
    """No object has this name. The message lists the nearest valid names."""


class CodeError(GanRunError):
    """A code has no such value, or a name of a code or category cannot be used."""


def describe_error(error: BaseException) -> str:
    """An error's type and text in one line, even if a stranger's `__str__` raises.

    Args:
        error: Any exception.
    """
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException as another:  # whatever a stranger's code does
        return f"{name} (its text cannot be shown: {type(another).__name__})"
    shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    return f"{name}: {shown}" if shown else name


Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One mistake in a spec: its place and a message with the remedy."""

    place: Place
    message: str

    def within(self, *outer: str | int) -> "Problem":
        """The same problem, placed inside `outer`: `Problem(("c3",), …).within("losses", 1)` is at `losses[1].c3`."""
        return Problem((*outer, *self.place), self.message)

    def __str__(self) -> str:
        return f"{show_place(self.place)}: {self.message}" if self.place else self.message


class SpecError(GanRunError):
    """One or more mistakes in a spec, found in `source` (a file or a name). `hint` follows them in the message."""

    def __init__(self, problems: Iterable[Problem], source: str = "spec", hint: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        title = f"{source}: {count} problem{'s' if count != 1 else ''}"
        shown = [f"  {shorten(str(problem), LONGEST_PROBLEM)}" for problem in self.problems[:MOST_SHOWN]]
        more = [f"  and {count - MOST_SHOWN} more"] if count > MOST_SHOWN else []
        super().__init__("\n".join([title, *shown, *more, *([hint] if hint else [])]))


MOST_SHOWN = 20
"""Problems of a spec that its error shows."""
LONGEST_PROBLEM = 2000
"""Characters of a problem that are shown: the names of all components of a kind have some hundred."""


def shorten(text: str, length: int) -> str:
    """A text of at most `length` characters, and a sign that it had more."""
    return text if len(text) <= length else f"{text[:length]}…"


LONGEST_STEP = 60
"""Characters of a step of a place that are shown."""


def show_place(place: Place) -> str:
    """`("losses", 1, "codes", "c3")` as `losses[1].codes.c3`, in one line whatever the names are."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = shorten(step, LONGEST_STEP)
            shown = shown if shown.isprintable() else repr(shown)[1:-1]
            text += f".{shown}" if text else shown
    return text


def reason_of(error: Exception) -> str:
    """Why a file could not be read, without Python's words.

    Args:
        error: What was raised where it was read and its content was looked at.

    Returns:
        A clause.
    """
    if isinstance(error, UnicodeError):
        return "it is no text in UTF-8"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]!r}"
    return str(error)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The valid name that an unknown name resembles most; None if it resembles none."""
    near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.5)
    return near[0] if near else None


def suggest(name: str, names: Iterable[str]) -> str:
    """The end of an error message about an unknown name.

    Args:
        name: The unknown name.
        names: The valid names.

    Returns:
        Text that names the nearest valid name, if one is near, and lists all of them in order.
    """
    valid = sorted(names)
    near = nearest(name, valid)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"{hint} (there is: {', '.join(valid) or 'nothing'})"
