"""Digests of a run's spec.json and data.json, kept in its environment.json: what was edited or damaged is refused.

What does not decide the weights may be edited: descriptions, metrics, the device, where the data lies. A digest is of
the file's JSON without these fields, so it stays valid when a later version reads the file.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gan_run.core.base.errors import Place, show_place
from gan_run.core.base.sealed_json import digest_of
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.same_run import FREE_FIELDS, FREE_TRAIN_FIELDS, content

FREE = (
    *("$schema", "format", "name", *FREE_FIELDS),
    *(f"train.{field}" for field in ("steps", *FREE_TRAIN_FIELDS)),
)
"""The places that may be edited in a run's spec.json."""


def record(spec: Spec, data: Mapping[str, object]) -> dict[str, object]:
    """The digests of a run's files.

    Args:
        spec: What its spec.json will have.
        data: What its data.json will have.

    Returns:
        JSON: the digest of each, and the places in the spec that have no part in it.
    """
    without = [*FREE, *data_paths(spec)]
    return {"spec": _spec_digest(dump(spec), without), "without": ", ".join(without), "data": digest_of(data)}


def data_paths(spec: Spec) -> dict[str, Path]:
    """The paths of a spec's data source, by their places: `data.root`."""
    values = _values(content(spec)["data"], ("data",))
    return {place: value for place, value in values if isinstance(value, Path)}


def knows_spec(records: Iterable[Mapping[str, object]], spec: Mapping[str, object]) -> bool:
    """Whether a spec.json is as one of some records has it; True where there are no records.

    Args:
        records: What `record` returned whenever the file was written.
        spec: The content of the file.
    """
    return _any_if_any(each["spec"] == _spec_digest(spec, str(each["without"]).split(", ")) for each in records)


def knows_data(records: Iterable[Mapping[str, object]], data: Mapping[str, object]) -> bool:
    """Whether a data.json is as one of some records has it; True where there are no records.

    Args:
        records: What `record` returned whenever the file was written.
        data: The content of the file.
    """
    return _any_if_any(each["data"] == digest_of(data) for each in records)


def _any_if_any(matches: Iterable[bool]) -> bool:
    found = list(matches)
    return not found or any(found)


def _spec_digest(spec: Mapping[str, object], without: Iterable[str]) -> str:
    inside = tuple(f"{place}{mark}" for place in without for mark in (".", "["))
    return digest_of([[place, value] for place, value in _values(spec) if not f"{place}.".startswith(inside)])


def _values(value: object, place: Place = ()) -> Iterator[tuple[str, object]]:
    """The values in nested objects and lists, each with its place: `losses[1].weight`."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _values(item, (*place, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _values(item, (*place, index))
    else:
        yield show_place(place), value
