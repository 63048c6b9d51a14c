"""Fields of a spec given on the command line: `--set PLACE=VALUE`."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from gan_run.core.base.errors import Problem, SpecError
from gan_run.core.kinds.spec_path import anchored


def apply_overrides(content: Mapping[str, object], overrides: Iterable[str]) -> Mapping[str, object]:
    """A copy of `content` in which each PLACE=VALUE is applied: `train.steps=100`, `losses[1].codes.c1=0.5`. An index
    one past the end of a list appends. Raises SpecError for a place that does not exist."""
    changed = {key: _writable(value) for key, value in content.items()}
    for override in overrides:
        place, separator, text = override.partition("=")
        if not separator or not place:
            raise SpecError([Problem((), "it is written as PLACE=VALUE")], f"--set {override}")
        _put(changed, steps_of(place), _value(text), f"--set {override}")
    return changed


def place_of(override: str) -> list[str | int]:
    """The names and indices of the place of PLACE=VALUE, as `steps_of` gives them."""
    return steps_of(override.partition("=")[0])


def steps_of(place: str) -> list[str | int]:
    """The names and indices of a place: `losses[1].weight` and `losses.1.weight` are ["losses", 1, "weight"]."""
    return [int(step) if step.isdigit() else step for step in place.replace("[", ".").replace("]", "").split(".")]


def _writable(value: object) -> object:
    """A copy of `value` whose objects and lists may be changed; what else it holds is shared."""
    if isinstance(value, Mapping):
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(item) for item in value]
    return value


def _put(root: dict[str, object], steps: list[str | int], value: object, source: str) -> None:
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
            holder = holder.setdefault(key, empty)
        else:
            what = f"a list of {len(holder)}" if isinstance(holder, list) else "neither a list nor an object"
            raise SpecError([Problem(tuple(steps[: depth + 1]), f"it is in {what}")], source)


def _value(text: str) -> object:
    """Parse a value: JSON if it is valid JSON, else text. Paths in it are relative to the current folder."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    return anchored(value, Path.cwd())
