"""Specs with mistakes: drawn from valid ones by a seed, so that each can be made again."""

import copy
import random
import string
from collections.abc import Callable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from itertools import islice
from typing import Any, NamedTuple

Json = Any
"""What JSON can hold, and numbers that are not finite."""
Holder = MutableMapping[str, Json] | MutableSequence[Json]

NUMBERS: tuple[Json, ...] = (
    *(
        -1,
        0,
        1,
        2,
        3,
        7,
        65_537,
        10**6,
        2**31 - 1,
        2**31,
        2**32,
        2**53 + 1,
        2**63 - 1,
        2**63,
        10**20,
        -(2**63),
        10**400,
    ),
    *(-0.0, 0.5, 1.5, -1e-3, 5e-324, 1e-45, 1e30, 1e308, -1e308, float("inf"), float("-inf"), float("nan")),
)
TEXTS: tuple[str, ...] = (
    *("", " ", "a", "A b", "0", "007", "1e5", "true", "null", "none", "auto", "label", "z", "generator", "cuda:99"),
    *(
        "\0",
        "\n",
        "\x1b[31m",
        "\ud800",
        "\u202e",
        "日本語",
        "🙂",
        "a" * 300,
        "b" * 20_000,
        "-p",
        "..",
        "/",
        "/dev/zero",
    ),
    *(
        "../../../etc",
        "~",
        "~nobody-here/x",
        "$",
        "$$",
        "${UNSET_HERE}",
        "%s",
        "{0}",
        "{",
        "[",
        "c[0]",
        "c[99]",
        "c[-1]",
    ),
)
DEPTH = 2_000
MOST_PLACES = 5_000
"""Places that a change chooses from: a list that was lengthened has millions."""


class Mutation(NamedTuple):
    """A spec with a mistake, or one that happens to be valid still."""

    spec: Json
    how: tuple[str, ...]
    """What was done, in order, for messages."""


def mutation(base: Mapping[str, Json], components: Mapping[str, Sequence[str]], seed: int) -> Mutation:
    """A valid spec with one to three random changes.

    Args:
        base: The spec, as JSON; it is left alone.
        components: The names of the components of each kind, which may stand in each other's places.
        seed: The same seed gives the same mutation.
    """
    draw = random.Random(seed)  # nothing secret
    spec = copy.deepcopy(dict(base))
    how = []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        change = draw.choice(CHANGES)
        places = list(islice(_places(spec, ()), MOST_PLACES))
        if places and nest.__name__ not in " ".join(how):  # what is so deep cannot be copied
            holder, key, path = draw.choice(places)
            how.append(f"{change.__name__} {'.'.join(map(str, path))[:80]}")
            change(draw, holder, key, Around(spec, components, places))
    return Mutation(spec, tuple(how))


class Around(NamedTuple):
    """What a change may look at."""

    spec: Json
    components: Mapping[str, Sequence[str]]
    places: list[tuple[Holder, Json, tuple[Json, ...]]]


def _places(value: Json, path: tuple[Json, ...]) -> Iterator[tuple[Holder, Json, tuple[Json, ...]]]:
    """Every value in a spec: what holds it, its key or index, its path."""
    if len(path) > 20:
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key, (*path, key)
        yield from _places(item, (*path, key))


def drop(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """Leave a value out."""
    del holder[key]


def duplicate(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """Have a value twice: in a list as often as in a long one, in an object under another name."""
    again = copy.deepcopy(holder[key])
    if isinstance(holder, list):
        holder.extend(copy.deepcopy(again) for _ in range(draw.choice((1, 1, 2, 5))))
    else:
        holder[draw.choice((f"{key}2", f"{key}_", f" {key}", key.upper(), "type", "name"))] = again


def rename(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """Misspell a name, or give it to the wrong thing."""
    if isinstance(holder, list):
        return
    at = draw.randrange(len(key) + 1)
    others = [other for _, other, _ in around.places if isinstance(other, str)]
    misspelt = key[:at] + draw.choice(string.ascii_lowercase) + key[at + 1 :]
    holder[draw.choice((misspelt, key[:at] + key[at + 1 :], draw.choice(others), draw.choice(TEXTS)))] = holder.pop(key)


def retype(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """Replace a value by one of another type."""
    value = holder[key]
    holder[key] = draw.choice(
        (None, True, False, str(value)[:50], [value], {"value": value}, {"type": value}, [], {}, 3, -2.5, [[]], [None])
    )


def number(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """An extreme number, as a rule where there is a number."""
    wanted = [place for place in around.places if isinstance(place[0][place[1]], (int, float))]
    if wanted and draw.random() < 0.9:
        holder, key, _ = draw.choice(wanted)
    holder[key] = draw.choice(NUMBERS)


def text(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """An odd text, as a rule where there is a text."""
    wanted = [place for place in around.places if isinstance(place[0][place[1]], str)]
    if wanted and draw.random() < 0.7:
        holder, key, _ = draw.choice(wanted)
    holder[key] = draw.choice(TEXTS)


def misspell(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """A letter less, more or other in a text."""
    holder, key, _ = draw.choice(
        [place for place in around.places if isinstance(place[0][place[1]], str)] or [(holder, key, ())]
    )
    value = str(holder[key])
    at = draw.randrange(len(value) + 1)
    holder[key] = value[:at] + draw.choice(("", "x", "-", "é")) + value[at + draw.randrange(2) :]


def nest(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """A value within many lists or objects."""
    value = holder[key]
    for _ in range(draw.choice((1, 5, 99, DEPTH))):
        value = [value] if draw.random() < 0.5 else {"type": value}
    holder[key] = value


def lengthen(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """A list or an object with very many items."""
    size = draw.choice((50, 1_000, 20_000))
    value = holder[key]
    holder[key] = [value] * size if draw.random() < 0.5 else {f"x{number}": value for number in range(size)}


def component(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """A component of another name, of its own kind or of another, with or without its fields."""
    wanted = [place for place in around.places if isinstance(place[0][place[1]], dict) and "type" in place[0][place[1]]]
    if wanted:
        holder, key, _ = draw.choice(wanted)
        names = [name for each in around.components.values() for name in each]
        fields = holder[key] if draw.random() < 0.5 else {}
        holder[key] = {**fields, "type": draw.choice(names)}


def swap(draw: random.Random, holder: Json, key: Json, around: Around) -> None:
    """Another part of the spec in the place of this one."""
    other, name, _ = draw.choice(around.places)
    holder[key] = copy.deepcopy(other[name])


CHANGES: tuple[Callable[[random.Random, Json, Json, Around], None], ...] = (
    *(drop, duplicate, rename, retype, number, number, text, misspell, nest, lengthen, component, swap),
)
