"""Fields of a spec given on the command line: `--set PLACE=VALUE`."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from gan_run.core.base.errors import Place, Problem, SpecError, shorten
from gan_run.core.kinds.spec_path import anchored
from gan_run.registry.plain_values import TOO_DEEP, too_large

LONGEST_SHOWN = 200
"""Characters of an override that a message shows."""


Default = Callable[[Mapping[str, object], Place], list[object]]
"""The list that a spec has at a place that its fields do not mention, given the fields and the place."""


def no_default(fields: Mapping[str, object], place: Place) -> list[object]:
    """Every such list is empty."""
    return []


def apply_overrides(
    content: Mapping[str, object],
    overrides: Iterable[str],
    default: Default = no_default,
    texts: Collection[Place] = (),
) -> Mapping[str, object]:
    """A copy of `content` in which each PLACE=VALUE is applied: `train.steps=100`, `losses[1].codes.c1=0.5`.

    An index one past the end of a list appends.

    Args:
        content: Fields of a spec.
        overrides: What is applied, in order.
        default: Gives the list at a place that `content` does not mention, where an index reaches into it.
        texts: Places whose values are texts even where they are valid JSON, such as the name 007.

    Raises:
        SpecError: A place does not exist, or a value is nested too deep.
    """
    changed = {key: _writable(value) for key, value in content.items()}
    for override in overrides:
        place, separator, text = override.partition("=")
        source = f"--set {shorten(override, LONGEST_SHOWN)}"
        if not separator or not place:
            raise SpecError([Problem((), "it is written as PLACE=VALUE")], source)
        steps = steps_of(place)
        try:
            value = text if tuple(steps) in texts else _value(text)
        except RecursionError:
            raise SpecError([Problem((), TOO_DEEP)], source) from None
        if problem := too_large(value):
            raise SpecError([problem], source)
        _put(changed, steps, anchored(value, Path.cwd()), source, default)
    return changed


def place_of(override: str) -> list[str | int]:
    """The names and indices of the place of PLACE=VALUE, as `steps_of` gives them."""
    return steps_of(override.partition("=")[0])


def steps_of(place: str) -> list[str | int]:
    """The names and indices of a place: `losses[1].weight` and `losses.1.weight` are ["losses", 1, "weight"]."""
    return [
        int(step) if step.isdecimal() and len(step) < 10 else step
        for step in place.replace("[", ".").replace("]", "").split(".")
    ]


def _writable(value: object) -> object:
    """A copy of `value` whose objects and lists may be changed; what else it holds is shared."""
    if isinstance(value, Mapping):
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(item) for item in value]
    return value


def _put(root: dict[str, object], steps: list[str | int], value: object, source: str, default: Default) -> None:
    holder: object = root
    for depth, step in enumerate(steps):
        last = depth == len(steps) - 1
        empty: object = [] if not last and isinstance(steps[depth + 1], int) else {}
        if isinstance(holder, list) and isinstance(step, int) and step <= len(holder):
            if step == len(holder):
                holder.append(empty)
            if last:
                holder[step] = value
            holder = holder[step]
        elif isinstance(holder, dict):
            key = str(step)
            if last:
                holder[key] = value
            elif isinstance(empty, list) and key not in holder:
                empty = default(root, tuple(steps[: depth + 1]))
            holder = holder.setdefault(key, empty)
        else:
            what = f"a list of {len(holder)}" if isinstance(holder, list) else "neither a list nor an object"
            raise SpecError([Problem(tuple(steps[: depth + 1]), f"it is in {what}")], source)


def _value(text: str) -> object:
    """Parse a value: JSON if it is valid JSON, else text."""
    try:
        return json.loads(text)
    except ValueError:  # a number of thousands of digits is no JSON to Python either
        return text
