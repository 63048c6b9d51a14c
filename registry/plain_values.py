"""What no spec can hold, though a parser or a program may give it: refused before any component sees it."""

from collections.abc import Iterator, Mapping

from gan_run.core.base.errors import Place, Problem, shorten

LARGEST_DEPTH = 100
"""Objects and lists within each other."""
MOST_VALUES = 100_000
LARGEST_NUMBER = 2**63 - 1
"""Torch, numpy and file formats count in 64 bits."""
LONGEST_NAME = 40
"""Characters of a text that a message shows."""


TOO_DEEP = "it is nested too deep, or refers to itself"


def too_large(fields: object) -> Problem | None:
    """What a spec has too much of.

    Args:
        fields: A spec, or what stands in for it.

    Returns:
        The depth or the number of its values, if it is beyond all bounds.
    """
    for count, (place, _) in enumerate(_values(fields)):
        if count >= MOST_VALUES:
            return Problem((), f"it has more than {MOST_VALUES:,} values")
        if len(place) > LARGEST_DEPTH:
            return Problem(place[:2], TOO_DEEP)
    return None


def unusable(fields: object) -> Problem | None:
    """A number beyond what any field takes, or a text that no file can hold or no path can have.

    Args:
        fields: A spec that is not `too_large`.

    Returns:
        The first one, with its place.
    """
    for place, value in _values(fields):
        if isinstance(value, int) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            return Problem(place, "the whole number has more digits than any field takes: 1e20 is a number like others")
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            return Problem(place, f"{shorten(value, LONGEST_NAME)!r} has characters that UTF-8 cannot hold")
        if isinstance(value, str) and "\0" in value:
            return Problem(place, f"{shorten(value, LONGEST_NAME)!r} has a character of code 0")
    return None


def _values(fields: object) -> Iterator[tuple[Place, object]]:
    """All values and names, each with its place, without recursion."""
    waiting: list[tuple[Place, object]] = [((), fields)]
    while waiting:
        place, value = waiting.pop()
        yield place, value
        if isinstance(value, Mapping):
            for name, item in value.items():
                yield place, name
                waiting.append(((*place, str(name)), item))
        elif isinstance(value, (list, tuple)):
            waiting.extend(((*place, index), item) for index, item in enumerate(value))
