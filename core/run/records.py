"""Digests of a run's spec.json and data.json, kept in its environment.json: what was edited or damaged is refused.

What does not decide the weights may be edited: descriptions, metrics, the device, where the data lies. A digest is of
the file's JSON without these fields, so it stays valid when a later version reads the file.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from gan_run.core.base.errors import Place, show_place
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.same_run import FREE_FIELDS, FREE_TRAIN_FIELDS, content

FREE: tuple[Place, ...] = (
    *((field,) for field in ("$schema", "format", "name", *FREE_FIELDS)),
    *(("train", field) for field in ("steps", *FREE_TRAIN_FIELDS)),
)
"""The fields of a spec that may be edited in a run's spec.json."""


def record(spec: Spec, data: Mapping[str, object]) -> dict[str, object]:
    """The digests of a run's files.

    Args:
        spec: What its spec.json will have.
        data: What its data.json will have.

    Returns:
        JSON: the digest of each, and the places in the spec that have no part in it.
    """
    without = [*FREE, *_paths(content(spec)["data"], ("data",))]
    places = ", ".join(map(show_place, without))
    return {"spec": _spec_digest(dump(spec), without), "without": places, "data": _digest(data)}


def knows_spec(records: Iterable[Mapping[str, object]], spec: Mapping[str, object]) -> bool:
    """Whether a spec.json is as one of some records has it; True where there are no records.

    Args:
        records: What `record` returned whenever the file was written.
        spec: The content of the file.
    """
    found = list(records)
    return not found or any(each["spec"] == _spec_digest(spec, _places(each["without"])) for each in found)


def knows_data(records: Iterable[Mapping[str, object]], data: Mapping[str, object]) -> bool:
    """Whether a data.json is as one of some records has it; True where there are no records.

    Args:
        records: What `record` returned whenever the file was written.
        data: The content of the file.
    """
    found = list(records)
    return not found or any(each["data"] == _digest(data) for each in found)


def _places(shown: object) -> list[Place]:
    """What `show_place` made of several places, again."""
    steps = (re.findall(r"[^.[\]]+", place) for place in str(shown).split(", "))
    return [tuple(int(step) if step.isdigit() else step for step in place) for place in steps]


def _paths(value: object, place: Place) -> Iterator[Place]:
    """The places of paths."""
    if isinstance(value, Path):
        yield place
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _paths(item, (*place, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _paths(item, (*place, index))


def _spec_digest(spec: Mapping[str, object], without: Iterable[Place]) -> str:
    pruned = json.loads(json.dumps(spec))
    for *path, last in without:
        inside = pruned
        for step in path:
            inside = _item(inside, step)
        if isinstance(inside, dict):
            inside.pop(last, None)
        elif isinstance(inside, list) and isinstance(last, int) and last < len(inside):
            inside[last] = None
    return _digest(pruned)


def _item(inside: object, step: str | int) -> object:
    if isinstance(inside, dict):
        return inside.get(step)
    return inside[step] if isinstance(inside, list) and isinstance(step, int) and step < len(inside) else None


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
