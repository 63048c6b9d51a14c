"""Components and their fields as text: for `gan-run components`, the JSON Schema and the reference."""

import inspect
import json
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gan_run.core.kinds.component import Component

NameKind = Callable[[str], str]
"""How a kind is written."""

NAMES: dict[object, str] = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    type(None): "null",
    Path: "path",
}
BOUNDS = {
    "gt": "> {}",
    "ge": "≥ {}",
    "lt": "< {}",
    "le": "≤ {}",
    "multiple_of": "a multiple of {}",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
}
"""The attributes of pydantic's constraints, each with its text."""


@dataclass(frozen=True)
class FieldText:
    """A field of a component as text.

    Attributes:
        name: As in a spec; that of a field within another is `outer.inner`.
        type: Its type and bounds.
        default: JSON; None if the field is required.
    """

    name: str
    type: str
    default: str | None
    description: str


def summary(component: type[BaseModel]) -> str:
    """The first paragraph of a component's docstring, in one line."""
    return " ".join((inspect.getdoc(component) or "").partition("\n\n")[0].split())


def fields_of(model: type[BaseModel], kind: NameKind = str) -> Iterator[FieldText]:
    """The fields of a component or another part of a spec, without its `type`."""
    for name, field in model.model_fields.items():
        if name != "type":
            text = _with_bounds(_type(field.annotation, kind), field.metadata)
            yield FieldText(field.alias or name, text, _default(field), field.description or "")


def nested_fields_of(model: type[BaseModel], outer: tuple[type[BaseModel], ...] = ()) -> Iterator[FieldText]:
    """As `fields_of`, each followed by the fields of the object that it takes, but not of one that it is in itself."""
    annotations = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    for field in fields_of(model):
        yield field
        for taken in _models(annotations[field.name]):
            if taken not in (model, *outer):
                for inner in nested_fields_of(taken, (model, *outer)):
                    yield replace(inner, name=f"{field.name}.{inner.name}")


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True, validated_data={})
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    assert isinstance(value, Path), f"{value!r} is no default that JSON has"
    return str(Path("~") / value.relative_to(Path.home()) if value.is_relative_to(Path.home()) else value)


def _type(annotation: object, kind: NameKind) -> str:
    """A type as a person writes it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        constraints = (each.metadata if isinstance(each, FieldInfo) else [each] for each in arguments[1:])
        return _with_bounds(_type(arguments[0], kind), chain.from_iterable(constraints))
    if origin is typing.Literal:
        return ", ".join(json.dumps(argument) for argument in arguments)
    if origin in (tuple, list):
        inner = {_type(argument, kind): None for argument in arguments if argument is not Ellipsis}
        return f"list of {' and '.join(inner)}"
    if origin is dict:
        return f"{_type(arguments[1], kind)} by name"
    if arguments:  # a union
        return " or ".join({_type(argument, kind): None for argument in arguments})
    if annotation in NAMES:
        return NAMES[annotation]
    if not isinstance(annotation, type):
        return str(annotation)
    if issubclass(annotation, Component) and annotation.is_kind():
        return kind(annotation.kind)
    return "object" if issubclass(annotation, BaseModel) else annotation.__name__.lower()


def _with_bounds(text: str, constraints: Iterable[object]) -> str:
    bounds = [
        shown.format(value)
        for constraint in constraints
        for name, shown in BOUNDS.items()
        if (value := getattr(constraint, name, None)) is not None
    ]
    if not bounds:
        return text
    null = " or null" if text.endswith(" or null") else ""
    return f"{text.removesuffix(null)}{' ' if bounds[0][0] in '<>≤≥' else ', '}{', '.join(bounds)}{null}"


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """The objects with fields of their own in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not (issubclass(annotation, Component) and annotation.is_kind()):
            yield annotation
    else:
        for argument in typing.get_args(annotation):
            yield from _models(argument)
