"""A spec as a flat list of parameters, as tools show them beside each other."""

from collections.abc import Iterator, Mapping

from gan_run import Spec

LEFT_OUT = {"schema_", "format", "name", "description", "metrics", "artifacts", "callbacks"}
"""Fields that decide nothing of the training."""


def as_json(spec: Spec) -> dict[str, object]:
    """The whole spec in JSON's types."""
    return spec.model_dump(mode="json", exclude={"schema_"}, warnings=False)


def parameters(spec: Spec) -> dict[str, str | float | int | bool]:
    """The fields that decide the training, by place: `losses[1].weight`. None is written as "null"."""
    return dict(_leaves(spec.model_dump(mode="json", exclude=LEFT_OUT, warnings=False), ""))


def _leaves(value: object, place: str) -> Iterator[tuple[str, str | float | int | bool]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{place}[{index}]")
    elif isinstance(value, (str, float, int)):
        yield place, value
    else:
        yield place, "null"
